import { isIP } from 'node:net'
import type { GeneralName } from '../../internal/x509/general-name.ts'

/**
 * Whether a name is within the subtree that a constraint of the same form names (RFC 5280 §4.2.1.10).
 *
 * `undefined` where this cannot be told, or is so for a part of what the name stands for: such a name counts
 * neither as within what is permitted nor as outside of what is excluded.
 */
export function isWithin(name: GeneralName, base: GeneralName): boolean | undefined {
  if (name.form === 'uri' && base.form === 'uri') return isURIWithin(name.value, base.value)
  if (name.form === 'dns' && base.form === 'dns') return isDNSNameWithin(name.value, base.value)
  if (name.form === 'ip' && base.form === 'ip') return isAddressWithin(name.value, base.value)
  if (name.form === 'directory' && base.form === 'directory') return name.value.isWithin(base.value)
  return undefined
}

/** The host itself or, below a base that begins with a period, any host with more labels. */
function isURIWithin(uri: string, base: string): boolean | undefined {
  const host = hostOf(uri)
  if (host === undefined) return undefined
  return base.startsWith('.') ? isBelow(host, base) : host === base.toLowerCase()
}

// Hosts with the characters that trust domains can have: SPIFFE-ID §2.1 allows more than DNS does.
const AUTHORITY =
  /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9._~!$&'()*+,;=:%-]*@)?([a-z0-9._-]+)(?::[0-9]*)?(?=[/?#]|$)/i

/** The host of a URI; `undefined` where there is none, or it is an address and no name. */
function hostOf(uri: string): string | undefined {
  const host = AUTHORITY.exec(uri)?.[1]?.toLowerCase()
  return host === undefined || isIP(host) !== 0 ? undefined : host
}

const DNS_NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/

/** The base itself or with labels added to its left. A wildcard stands for one label. */
function isDNSNameWithin(dnsName: string, base: string): boolean | undefined {
  const name = dnsName.toLowerCase()
  const domain = base.toLowerCase()
  if (!DNS_NAME.test(name)) return undefined
  if (domain === '' || name === domain || isBelow(name, domain) || isBelow(name, `.${domain}`)) return true
  const isPartlyWithin = name.startsWith('*.') && domain.slice(domain.indexOf('.')) === name.slice(1)
  return isPartlyWithin ? undefined : false
}

/** Whether a base begins with a period, and a name ends with it and has a label more. */
function isBelow(name: string, base: string): boolean {
  return base.startsWith('.') && name.length > base.length && name.endsWith(base.toLowerCase())
}

/** Whether an address has the bits that a range of the same family fixes: a base, and a mask as long. */
function isAddressWithin(address: Uint8Array, range: Uint8Array): boolean {
  if (address.length * 2 !== range.length) return false
  const base = bitsOf(range.subarray(0, address.length))
  const mask = bitsOf(range.subarray(address.length))
  return (bitsOf(address) & mask) === (base & mask)
}

function bitsOf(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`)
}

import { X509Certificate } from 'node:crypto'
import { types } from 'node:util'
import type { X509BundleSource } from '../../bundle/source.ts'
import { X509Bundle, x509AuthoritiesOf } from '../../bundle/x509/x509-bundle.ts'
import { SpiffeError } from '../../errors.ts'
import { copyBytes } from '../../internal/bytes.ts'
import { Certificate } from '../../internal/x509/certificate.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { SVIDError } from '../error.ts'
import type { VerifiedPeer } from '../verified-peer.ts'
import { assertReadable, assertUsable } from './certificate-rules.ts'
import { assertLeaf, type Role } from './leaf-rules.ts'
import { MOST_CERTIFICATES } from './limits.ts'
import { findPath, type PathMaterial } from './path-search.ts'
import { refusal } from './refusal.ts'
import { remember, remembered } from './remembered.ts'
import { spiffeIDOf } from './spiffe-id-of.ts'
import { toX509Certificate } from './to-x509-certificate.ts'

/** How {@link verify} is to judge. */
export interface VerifyOptions {
  /** What the peer acts as; an Extended Key Usage must then allow it. Not looked at where absent. */
  readonly role?: Role | undefined
  /** The time to judge at; the current time where absent. */
  readonly now?: Date | undefined
}

/**
 * Verifies the certificate chain of a peer against the bundle of the trust domain that its own ID names.
 *
 * The leaf must be the certificate of a workload, and a path of valid certificates must lead from an authority
 * of *that* bundle to it: what another trust domain's authority signed does not count, however trusted it is
 * for its own. Every CA certificate of the bundle can end a path, self-signed or not. Its own path length and
 * name constraints bind the path, its policies do not: to trust it is not to ask for a policy (RFC 5280 §6.1.1).
 * What is sent beside the path is ignored, readable or not. Nothing is decided here about who may come in: that
 * is for an authorizer.
 *
 * @param chain - The leaf first, then intermediates in any order: DER, or objects of `node:crypto`.
 * @param bundles - Where the authorities come from.
 * @param options - The role of the peer, and the time to judge at.
 * @returns Who the peer is, and the path that proves it.
 * @throws `SVIDError` with one code for each rule, `ERR_SPIFFE_X509_SVID_…`; see docs/errors.md.
 * @throws `TypeError` when an argument is of a wrong type, or `now` is no valid date.
 * @see X509-SVID §5, Validation; RFC 5280 §6.1, Basic Path Validation
 * @example
 * Check the chain of a TLS peer by hand
 * ```ts
 * import { X509Source, x509svid } from 'js-spiffe'
 *
 * const source = await X509Source.create()
 * const chain = source.getX509SVID().certificates // for the example: our own
 * const peer = x509svid.verify(chain, source, { role: 'client' })
 * console.log(peer.id.toString(), peer.expiresAt)
 * ```
 */
export function verify(
  chain: readonly (Uint8Array | X509Certificate)[],
  bundles: X509BundleSource,
  options: VerifyOptions = {},
): VerifiedPeer {
  const { role, at } = checkedOptions(options)
  const [leafDER, ...others] = derOf(chain)
  if (leafDER === undefined)
    throw refusal(undefined, 'ERR_SPIFFE_X509_SVID_NO_CERTIFICATE', 'the chain is empty')
  const unknown = new Set<Certificate>()
  const leaf = read(leafDER, undefined, unknown)
  // The leaf first: who is unfit is refused before anybody looks at the rest of what was sent.
  const id = idOfLeaf(leaf, role, at)
  if (others.length >= MOST_CERTIFICATES) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_CHAIN_TOO_LONG', `it sent ${others.length + 1} certificates`)
  }
  const authorities = authoritiesFor(id, bundles)
  const { intermediates, unreadable } = readIntermediates(others, id, unknown)
  const path = findPath({ id, leaf, intermediates, unreadable, authorities, at })
  for (const certificate of path) if (unknown.has(certificate)) remember(certificate)
  return new VerifiedX509Peer(id, leaf, path)
}

/** The ID of a leaf that keeps every rule which does not depend on its issuer. */
function idOfLeaf(leaf: Certificate, role: Role | undefined, at: number): SpiffeID {
  assertReadable(leaf)
  const id = spiffeIDOf(leaf)
  assertLeaf(leaf, id, role)
  assertUsable(leaf, id, at)
  return id
}

/** The certificate in these bytes; one that had to be read is noted as unknown. */
function read(der: Uint8Array, id: SpiffeID | undefined, unknown: Set<Certificate>): Certificate {
  const known = remembered(der)
  if (known !== undefined) return known
  try {
    const certificate = Certificate.parse(der)
    unknown.add(certificate)
    return certificate
  } catch (cause) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_MALFORMED', 'a certificate cannot be read', { cause })
  }
}

/** What came with the leaf. Who sends something unreadable beside the path does no harm, and may need it. */
function readIntermediates(
  ders: readonly Uint8Array[],
  id: SpiffeID,
  unknown: Set<Certificate>,
): Pick<PathMaterial, 'intermediates' | 'unreadable'> {
  const intermediates: Certificate[] = []
  let unreadable: SVIDError | undefined
  for (const der of ders) {
    try {
      intermediates.push(read(der, id, unknown))
    } catch (error) {
      if (!(error instanceof SVIDError)) throw error
      unreadable ??= error
    }
  }
  return { intermediates, unreadable }
}

/** The authorities of the trust domain of an ID, and of no other (SPIFFE-ID §3). */
function authoritiesFor(id: SpiffeID, bundles: X509BundleSource): readonly Certificate[] {
  const { trustDomain } = id
  if (typeof bundles?.getX509Bundle !== 'function') throw new TypeError('an X509BundleSource is needed')
  const bundle = answerFor(id, bundles)
  if (bundle === undefined) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_NO_BUNDLE', `there is no bundle for ${trustDomain}`)
  }
  if (!(bundle instanceof X509Bundle)) throw new TypeError('a bundle source must answer with an X509Bundle')
  if (!bundle.trustDomain.equals(trustDomain)) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_WRONG_BUNDLE',
      `asked for the bundle of ${trustDomain}, the source gave that of ${bundle.trustDomain}`,
    )
  }
  return x509AuthoritiesOf(bundle)
}

/** What a source refuses with, such as that it is closed, comes through; any other failure gets a code. */
function answerFor(id: SpiffeID, bundles: X509BundleSource): unknown {
  try {
    return bundles.getX509Bundle(id.trustDomain)
  } catch (cause) {
    if (cause instanceof SpiffeError) throw cause
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_BUNDLE_UNAVAILABLE',
      `the bundle of ${id.trustDomain} could not be had: its source failed`,
      { cause },
    )
  }
}

function checkedOptions({ role, now }: VerifyOptions): { role: Role | undefined; at: number } {
  if (role !== undefined && role !== 'client' && role !== 'server') {
    throw new TypeError("role must be 'client' or 'server'")
  }
  if (now === undefined) return { role, at: Date.now() }
  if (!(now instanceof Date) || Number.isNaN(now.getTime())) throw new TypeError('now must be a valid Date')
  return { role, at: now.getTime() }
}

function derOf(chain: readonly (Uint8Array | X509Certificate)[]): readonly Uint8Array[] {
  if (!Array.isArray(chain)) throw new TypeError('the chain must be an array of certificates')
  return chain.map((certificate: unknown) => {
    if (certificate instanceof X509Certificate) return certificate.raw
    if (types.isUint8Array(certificate)) return certificate
    throw new TypeError('a certificate must be a Uint8Array of DER or an X509Certificate')
  })
}

class VerifiedX509Peer implements VerifiedPeer {
  readonly id: SpiffeID
  readonly #leaf: Certificate
  readonly #path: readonly Certificate[]
  #certificate: X509Certificate | undefined

  constructor(id: SpiffeID, leaf: Certificate, path: readonly Certificate[]) {
    this.id = id
    this.#leaf = leaf
    this.#path = path
    Object.freeze(this)
  }

  get expiresAt(): Date {
    return new Date(this.#leaf.notAfter)
  }

  get chain(): readonly Uint8Array[] {
    return this.#path.map(({ raw }) => copyBytes(raw)).reverse()
  }

  certificate(): X509Certificate {
    this.#certificate ??= toX509Certificate(this.#leaf, this.id)
    return this.#certificate
  }
}

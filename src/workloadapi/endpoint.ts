import { isIPv4, isIPv6 } from 'node:net'
import type { SpiffeErrorCode } from '../errors.ts'
import { printable } from '../internal/printable.ts'
import { WorkloadAPIError } from './error.ts'

/** The environment variable that says where the Workload API listens (Workload Endpoint §4). */
export const socketEnv = 'SPIFFE_ENDPOINT_SOCKET'

/** Where a Workload API listens, its address checked. */
export interface Endpoint {
  /** The address as it was given. */
  readonly address: string
  /** The same place as gRPC names it. */
  readonly target: string
}

interface URIParts {
  readonly scheme: string
  readonly authority: string | undefined
  readonly path: string
  readonly queryOrFragment: string
}

type Refuse = (code: SpiffeErrorCode, what: string) => WorkloadAPIError

// RFC 3986 appendix B, but for the scheme, which must be there.
const URI = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)([?#][\s\S]*)?$/
// RFC 3986 §3.3, and no encoded control characters: no path that people mean has one.
const PATH = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%(?![01][0-9A-Fa-f]|7[Ff])[0-9A-Fa-f]{2})*$/
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/
const DIGITS = /^[0-9]+$/

// The system cuts what is longer, or refuses it in words that help nobody.
const LONGEST_SOCKET_PATH = process.platform === 'darwin' ? 103 : 107

/** The address in SPIFFE_ENDPOINT_SOCKET, or `undefined` where that is not set: the standard has no default. */
export function getDefaultAddress(): string | undefined {
  return process.env[socketEnv]
}

/**
 * Checks that an address can be one of a Workload API.
 *
 * A unix socket is `unix:///absolute/path` or `unix:/absolute/path`, with nothing before the path and nothing
 * after it. A TCP port is `tcp://IP:PORT`, where names are not allowed.
 *
 * @param address - The address.
 * @throws `WorkloadAPIError` `ERR_SPIFFE_ENDPOINT_…`, a code for each rule.
 * @throws `TypeError` when it is not a string.
 * @see Workload Endpoint §4, Locating the Endpoint
 */
export function validateAddress(address: string): void {
  parseEndpoint(address, 'the address')
}

/** The endpoint at an address or, where none is given, at the one in the environment (Workload Endpoint §4). */
export function resolveEndpoint(address: string | undefined): Endpoint {
  if (address !== undefined) return parseEndpoint(address, 'the address')
  const fromEnvironment = getDefaultAddress()
  if (fromEnvironment === undefined) {
    throw new WorkloadAPIError(
      'ERR_SPIFFE_ENDPOINT_UNSET',
      `no address was given and ${socketEnv} is not set`,
    )
  }
  return parseEndpoint(fromEnvironment, socketEnv)
}

function parseEndpoint(address: string, source: string): Endpoint {
  if (typeof address !== 'string') throw new TypeError('the address of a Workload API is a string')
  if (address === '') throw new WorkloadAPIError('ERR_SPIFFE_ENDPOINT_EMPTY', `${source} is empty`)
  const refuse: Refuse = (code, what) =>
    new WorkloadAPIError(code, `${source}, ${printable(address)}, ${what}`)

  const uri = splitURI(address, refuse)
  if (uri.scheme === 'unix') return { address, target: unixTarget(uri, refuse) }
  if (uri.scheme === 'tcp') return { address, target: tcpTarget(uri, refuse) }
  throw refuse('ERR_SPIFFE_ENDPOINT_SCHEME', `has the scheme ${printable(uri.scheme)}`)
}

function splitURI(address: string, refuse: Refuse): URIParts {
  const parts = URI.exec(address)
  const [, scheme = '', authority, path = '', queryOrFragment = ''] = parts ?? []
  if (parts === null || !PATH.test(path)) throw refuse('ERR_SPIFFE_ENDPOINT_NOT_A_URI', 'is not a URI')
  return { scheme: scheme.toLowerCase(), authority, path, queryOrFragment }
}

function unixTarget({ authority, path, queryOrFragment }: URIParts, refuse: Refuse): string {
  if (authority) {
    throw refuse('ERR_SPIFFE_ENDPOINT_UNIX_AUTHORITY', `names ${printable(authority)} before the path`)
  }
  if (queryOrFragment !== '') {
    throw refuse('ERR_SPIFFE_ENDPOINT_COMPONENT', 'goes on after the path')
  }
  if (!path.startsWith('/')) {
    throw refuse('ERR_SPIFFE_ENDPOINT_UNIX_RELATIVE', 'does not name an absolute path')
  }
  const socketPath = decodePath(path, refuse)
  if (Buffer.byteLength(socketPath) > LONGEST_SOCKET_PATH) {
    throw refuse(
      'ERR_SPIFFE_ENDPOINT_UNIX_TOO_LONG',
      `has a path of ${Buffer.byteLength(socketPath)} bytes where a socket can have ${LONGEST_SOCKET_PATH}`,
    )
  }
  return `unix:${socketPath}`
}

function tcpTarget({ authority = '', path, queryOrFragment }: URIParts, refuse: Refuse): string {
  if (authority.includes('@') || queryOrFragment !== '') {
    throw refuse('ERR_SPIFFE_ENDPOINT_COMPONENT', 'holds more than an IP address and a port')
  }
  const [, host = '', port = ''] = HOST_AND_PORT.exec(authority) ?? []
  const isBracketedIPv6 = host.startsWith('[') && isIPv6(host.slice(1, -1)) && !host.includes('%')
  if (!isIPv4(host) && !isBracketedIPv6) {
    throw refuse('ERR_SPIFFE_ENDPOINT_TCP_HOST', `has ${printable(authority)} where an IP address must be`)
  }
  if (!DIGITS.test(port) || Number(port) < 1 || Number(port) > 65535) {
    throw refuse(
      'ERR_SPIFFE_ENDPOINT_TCP_PORT',
      `has ${port === '' ? 'no port' : `the port ${printable(port)}`}`,
    )
  }
  if (path !== '') {
    throw refuse('ERR_SPIFFE_ENDPOINT_TCP_PATH', 'goes on after the port')
  }
  return `${isBracketedIPv6 ? 'ipv6' : 'ipv4'}:${host}:${Number(port)}`
}

function decodePath(path: string, refuse: Refuse): string {
  try {
    // Two slashes at its start would read as an authority in a gRPC target.
    return decodeURIComponent(path).replace(/^\/+/, '/')
  } catch {
    throw refuse('ERR_SPIFFE_ENDPOINT_NOT_A_URI', 'encodes bytes that are not UTF-8')
  }
}

import { duplicateIn, isJSONObject, type JSONRecord } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'
import { BundleError } from './error.ts'

/** An element of a JWK Set that is an object. */
export interface JWK {
  /** Its index in `keys`. */
  readonly at: number
  readonly members: JSONRecord
  /** The first name that two of its members have. */
  readonly duplicate: string | undefined
}

/** What only a private or a symmetric key has (RFC 7518 §6.2.2, §6.3.2 and §6.4.1). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Takes an element of `keys` for a JWK, by its value and the text that it was parsed from. */
export function readJWK(at: number, value: unknown, text: string): JWK {
  if (!isJSONObject(value)) throw malformedJWK(at, 'is not an object')
  return { at, members: value, duplicate: duplicateIn(value, text) }
}

/**
 * The type of a key (SPIFFE Trust Domain and Bundle §4.2.1), once it is known to say one thing (RFC 7517 §4) and
 * to be public: whoever publishes a private or a symmetric key has lost it, and it proves nothing any more.
 */
export function publicKeyType(jwk: JWK): string {
  const { at, members, duplicate } = jwk
  if (duplicate !== undefined) throw malformedJWK(at, `has the member ${printable(duplicate)} twice`)
  if (members['kty'] === 'oct' || PRIVATE_MEMBERS.some((name) => Object.hasOwn(members, name))) {
    throw new BundleError('ERR_SPIFFE_JWK_NOT_PUBLIC', `key ${at} of the set is private or symmetric`)
  }
  return stringMember(jwk, 'kty', 'SPIFFE Trust Domain and Bundle §4.2.1')
}

/** A member that has to be there and to be a string. */
export function stringMember({ at, members }: JWK, name: string, rule?: string): string {
  const value = members[name]
  if (typeof value !== 'string') throw malformedJWK(at, `has no string for ${name}`, { rule })
  return value
}

/** The refusal of a key that is not written as the standards say. */
export function malformedJWK(
  at: number,
  detail: string,
  options: { readonly rule?: string | undefined; readonly cause?: unknown } = {},
): BundleError {
  return new BundleError('ERR_SPIFFE_JWK_MALFORMED', `key ${at} of the set ${detail}`, options)
}

/** The refusal of a key that is for something else than what is read here (Trust Domain and Bundle §4.2.2). */
export function unsupportedUse({ at, members }: JWK): BundleError {
  const use = members['use']
  const detail = typeof use === 'string' ? `is for ${printable(use)}` : 'does not say what it is for'
  return new BundleError('ERR_SPIFFE_JWK_USE_UNSUPPORTED', `key ${at} of the set ${detail}`)
}

/** The refusal of a key whose type is not known here (Trust Domain and Bundle §4.2.1). */
export function unsupportedKeyType(at: number, type: string): BundleError {
  return new BundleError(
    'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    `key ${at} of the set is of type ${printable(type)}`,
  )
}

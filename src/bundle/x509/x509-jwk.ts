import { decodeBase64 } from '../../internal/base64url.ts'
import { Certificate } from '../../internal/x509/certificate.ts'
import { BundleError } from '../error.ts'
import { type JWK, publicKeyType, unsupportedKeyType } from '../jwk.ts'
import { refusing } from '../refusing.ts'
import { type PublicJWK, publicJWK } from './public-jwk.ts'

/** The types of key that an X509-SVID can be signed with. */
const KEY_TYPES: ReadonlySet<string> = new Set(['RSA', 'EC', 'OKP'])

/**
 * Reads a JWK of `use` `x509-svid` as an authority: the first certificate in `x5c`, whatever else is in there
 * (X509-SVID §6.2). A `kid`, which the publisher should not have set, changes nothing.
 */
export function readX509Authority(jwk: JWK): Certificate {
  const type = publicKeyType(jwk)
  if (!KEY_TYPES.has(type)) throw unsupportedKeyType(jwk.at, type)
  const certificate = readCertificate(jwk)
  assertSameKey(jwk, nameableKey(certificate))
  return certificate
}

/** Writes an authority as the JWK of a bundle: with one certificate and without a `kid` (X509-SVID §6.1). */
export function writeX509Authority(certificate: Certificate): Readonly<Record<string, unknown>> {
  const { kty, ...members } = nameableKey(certificate)
  return { kty, use: 'x509-svid', ...members, x5c: [Buffer.from(certificate.raw).toString('base64')] }
}

function readCertificate({ at, members }: JWK): Certificate {
  const x5c = members['x5c']
  if (!Array.isArray(x5c) || x5c.length === 0) {
    throw new BundleError('ERR_SPIFFE_JWK_X5C_MISSING', `key ${at} of the set has no certificate`)
  }
  const first: unknown = x5c[0]
  if (typeof first !== 'string') throw unreadable(at)
  return refusing(
    () => Certificate.parse(decodeBase64(first)),
    (cause) => unreadable(at, { cause }),
  )
}

function unreadable(at: number, options?: { readonly cause: unknown }): BundleError {
  return new BundleError(
    'ERR_SPIFFE_JWK_X5C_MALFORMED',
    `the certificate of key ${at} of the set cannot be read`,
    options,
  )
}

/** The key that the JWK says, as far as it says one, has to be the one of the certificate (RFC 7517 §4.7). */
function assertSameKey({ at, members }: JWK, key: PublicJWK): void {
  for (const [name, value] of Object.entries(key)) {
    if (Object.hasOwn(members, name) && members[name] !== value) {
      throw new BundleError(
        'ERR_SPIFFE_JWK_X5C_MISMATCH',
        `${name} of key ${at} of the set is not that of its certificate`,
      )
    }
  }
}

function nameableKey({ spki }: Certificate): PublicJWK {
  const key = refusing(
    () => publicJWK(spki),
    (cause) => unnameable({ cause }),
  )
  if (key === undefined) throw unnameable()
  return key
}

function unnameable(options?: { readonly cause: unknown }): BundleError {
  return new BundleError(
    'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    'the key of an X.509 authority is of a type that a bundle has no name for',
    options,
  )
}

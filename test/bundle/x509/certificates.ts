import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509'

type KeyParams = webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams | webcrypto.Algorithm

const P256 = { name: 'ECDSA', namedCurve: 'P-256' }
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: 'SHA-256',
}

/** A certificate that signed itself; a CA, unless it is said that it is none. */
async function selfSigned(name: string, params: KeyParams, ca = true): Promise<X509Certificate> {
  const keys = await webcrypto.subtle.generateKey(params, false, ['sign', 'verify'])
  if (!('privateKey' in keys)) throw new Error('the key is symmetric')
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2036-01-01T00:00:00Z'),
    signingAlgorithm: { name: params.name, hash: 'SHA-256' },
    keys,
    extensions: [new BasicConstraintsExtension(ca, undefined, true)],
  })
  return new X509Certificate(Buffer.from(certificate.rawData))
}

/** Authorities with keys of each type that bundles hold. */
export const authorities: {
  readonly ec: X509Certificate
  readonly rsa: X509Certificate
  readonly ed25519: X509Certificate
} = {
  ec: await selfSigned('ec', P256),
  rsa: await selfSigned('rsa', RSA),
  ed25519: await selfSigned('ed25519', { name: 'Ed25519' }),
}

/** Another authority with a key on P-256. */
export const otherAuthority: X509Certificate = await selfSigned('other', P256)

/** A certificate that is no CA. */
export const leaf: X509Certificate = await selfSigned('leaf', P256, false)

/** An authority with a key on P-224, a curve that JWK has no name for. */
export const unnameableAuthority: X509Certificate = new X509Certificate(
  Buffer.from(
    'MIIBYzCCARCgAwIBAgIUPoC/NiD99LRkdEIusgpJFgDCtoQwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEcDIyNDAgFw0yNjExMjcxODQ5NDha' +
      'GA8yMTI2MTEwMzE4NDk0OFowDzENMAsGA1UEAwwEcDIyNDBOMBAGByqGSM49AgEGBSuBBAAhAzoABHpUUeKQ2wcm/xhRNY7bVzQ/1NXPyl+S' +
      '/rzrgO5CpukvE3PchwIkujLQLUGM+H9pLcjCUYp++407o1MwUTAdBgNVHQ4EFgQUXejxe/44+4aIXadmr1TCaBGzw2UwHwYDVR0jBBgwFoAU' +
      'Xejxe/44+4aIXadmr1TCaBGzw2UwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNBADA+Ah0AsGpyybJd3++ZamnX7v5p8zH4Ee7S2PB5' +
      'H13NrAIdAMZpfjYbJXlL1CgTdhkNefUg151nZcWFgL1qUpk=',
    'base64',
  ),
)

/** DER, one certificate after the other. */
export function concatenated(...certificates: readonly X509Certificate[]): Uint8Array {
  return Buffer.concat(certificates.map(({ raw }) => raw))
}

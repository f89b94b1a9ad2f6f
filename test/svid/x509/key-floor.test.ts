import { describe, expect, it } from 'vitest'
import { bitString, integer, nullValue, oid, sequence } from '../../support/der-writer.ts'
import { type KeyName, keyNamed, type MintOptions, mintCA, mintLeaf } from '../../support/mint.ts'
import { bundleOf, verdict } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/orders'
const WEAK = 'ERR_SPIFFE_X509_SVID_WEAK_KEY'

/** What becomes of a path in which the leaf, the intermediate or the authority has another key. */
function verdictFor(place: 'leaf' | 'intermediate' | 'authority', options: MintOptions): string {
  const at = (other: string): MintOptions => (other === place ? options : {})
  const authority = mintCA({ subject: 'CN=authority', ...at('authority') })
  const intermediate = mintCA({ subject: 'CN=intermediate', issuer: authority, ...at('intermediate') })
  return verdict([mintLeaf(ID, intermediate, at('leaf')), intermediate], bundleOf(authority))
}

const rsa = (modulus: bigint, exponent: bigint): MintOptions => ({
  spki: sequence(
    sequence(oid('1.2.840.113549.1.1.1'), nullValue()),
    bitString(sequence(integer(modulus), integer(exponent))),
  ),
})

const point = (curve: string, octets: Uint8Array): MintOptions => ({
  spki: sequence(sequence(oid('1.2.840.10045.2.1'), oid(curve)), bitString(octets)),
})

const ed25519 = (octets: number): MintOptions => ({
  spki: sequence(sequence(oid('1.3.101.112')), bitString(Buffer.alloc(octets, 1))),
})

const P256 = '1.2.840.10045.3.1.7'
const uncompressed = (octets: number): Uint8Array =>
  Buffer.concat([Buffer.from([4]), Buffer.alloc(octets, 1)])

/** The uncompressed point of a key. */
function pointOf(name: 'p256' | 'p384' | 'p521'): Buffer {
  const { x = '', y = '' } = keyNamed(name).publicKey.export({ format: 'jwk' })
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}

describe('the key of a certificate', () => {
  it.each<KeyName>(['p256', 'p384', 'p521', 'ed25519', 'rsa2048'])(
    'may be of the type %s in every place',
    (key) => {
      for (const place of ['leaf', 'intermediate', 'authority'] as const) {
        expect(verdictFor(place, { key })).toBe('accepted')
      }
    },
  )

  it.each<KeyName>(['rsa1024', 'p224', 'secp256k1', 'ed448', 'rsa-pss2048'])(
    'may not be of the type %s in any place',
    (key) => {
      expect(verdictFor('leaf', { key })).toBe(WEAK)
      expect(verdictFor('intermediate', { key })).toBe(WEAK)
      expect(verdictFor('authority', { key })).toBe(WEAK)
    },
  )

  it.each([
    ['2047 bits', rsa((1n << 2047n) - 1n, 65_537n), WEAK],
    ['2048 bits', rsa((1n << 2048n) - 1n, 65_537n), 'accepted'],
    ['8192 bits', rsa((1n << 8192n) - 1n, 65_537n), 'accepted'],
    ['8193 bits', rsa((1n << 8193n) - 1n, 65_537n), WEAK],
    ['an even modulus', rsa((1n << 2048n) - 2n, 65_537n), WEAK],
    ['no modulus', rsa(0n, 65_537n), WEAK],
    ['the exponent 0', rsa((1n << 2048n) - 1n, 0n), WEAK],
    ['the exponent 1', rsa((1n << 2048n) - 1n, 1n), WEAK],
    ['the exponent 2', rsa((1n << 2048n) - 1n, 2n), WEAK],
    ['the exponent 3', rsa((1n << 2048n) - 1n, 3n), 'accepted'],
    ['the exponent 65536', rsa((1n << 2048n) - 1n, 65_536n), WEAK],
    ['an exponent of 32 bits', rsa((1n << 2048n) - 1n, (1n << 32n) - 1n), 'accepted'],
    ['an exponent of 33 bits', rsa((1n << 2048n) - 1n, (1n << 32n) + 1n), WEAK],
    ['an exponent of 2000 bits', rsa((1n << 2048n) - 1n, (1n << 2000n) + 1n), WEAK],
  ])('of RSA with %s', (_, options, expected) => {
    expect(verdictFor('leaf', options)).toBe(expected)
  })

  it.each([
    ['an uncompressed point', point(P256, pointOf('p256')), 'accepted'],
    ['a compressed point', point(P256, Buffer.concat([Buffer.from([2]), Buffer.alloc(32, 1)])), WEAK],
    ['a hybrid point', point(P256, Buffer.concat([Buffer.from([6]), Buffer.alloc(64, 1)])), WEAK],
    ['a point that is too short', point(P256, uncompressed(63)), WEAK],
    ['a point of another curve', point(P256, uncompressed(96)), WEAK],
    ['no point', point(P256, Buffer.alloc(0)), WEAK],
    ['a curve that is not taken', point('1.3.132.0.10', uncompressed(64)), WEAK],
  ])('of EC with %s', (_, options, expected) => {
    expect(verdictFor('leaf', options)).toBe(expected)
  })

  it('is none of DSA', () => {
    const dsa = sequence(sequence(oid('1.2.840.10040.4.1'), nullValue()), bitString(integer(5)))
    expect(verdictFor('leaf', { spki: dsa })).toBe(WEAK)
    expect(verdictFor('authority', { spki: dsa })).toBe(WEAK)
  })

  it('of Ed25519 has 32 octets', () => {
    expect(verdictFor('leaf', ed25519(32))).toBe('accepted')
    expect(verdictFor('leaf', ed25519(31))).toBe(WEAK)
    expect(verdictFor('leaf', ed25519(33))).toBe(WEAK)
  })

  it.each([
    ['p256', '1.2.840.10045.3.1.7'],
    ['p384', '1.3.132.0.34'],
    ['p521', '1.3.132.0.35'],
  ] as const)('of %s is a point on its curve, in every place', (key, curve) => {
    const good = pointOf(key)
    const off = Buffer.from(good)
    off[off.length - 1] = Number(off.at(-1)) ^ 1
    for (const place of ['leaf', 'intermediate', 'authority'] as const) {
      expect(verdictFor(place, { key, ...point(curve, good) })).toBe('accepted')
      expect(verdictFor(place, { key, ...point(curve, off) })).toBe(WEAK)
    }
  })

  it('is judged again each time where it is weak', () => {
    const options = point(P256, uncompressed(64))
    expect([verdictFor('leaf', options), verdictFor('leaf', options)]).toEqual([WEAK, WEAK])
  })
})

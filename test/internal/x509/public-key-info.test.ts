import { describe, expect, it } from 'vitest'
import { readPublicKeyInfo } from '../../../src/internal/x509/public-key-info.ts'
import { bitString, integer, nullValue, oid, sequence } from '../../support/der-writer.ts'
import { type KeyName, keyNamed } from '../../support/mint.ts'
import { malformedOf } from '../malformed.ts'

const RSA = '1.2.840.113549.1.1.1'
const EC = '1.2.840.10045.2.1'
const ED25519 = '1.3.101.112'

const spkiOf = (name: KeyName): Uint8Array => keyNamed(name).publicKey.export({ format: 'der', type: 'spki' })

const rsa = (modulus: bigint | Uint8Array, exponent: bigint): Uint8Array =>
  sequence(sequence(oid(RSA), nullValue()), bitString(sequence(integer(modulus), integer(exponent))))

describe('readPublicKeyInfo', () => {
  it('knows the keys that node:crypto makes', () => {
    expect(readPublicKeyInfo(spkiOf('rsa2048'))).toEqual({
      type: 'rsa',
      modulusBits: 2048,
      isModulusOdd: true,
      exponent: 65_537,
    })
    expect(readPublicKeyInfo(spkiOf('p256'))).toMatchObject({ type: 'ec', curve: '1.2.840.10045.3.1.7' })
    expect(readPublicKeyInfo(spkiOf('p384'))).toMatchObject({ type: 'ec', curve: '1.3.132.0.34' })
    expect(readPublicKeyInfo(spkiOf('p521'))).toMatchObject({ type: 'ec', curve: '1.3.132.0.35' })
    expect(readPublicKeyInfo(spkiOf('ed25519'))).toEqual({ type: 'ed25519', octets: 32 })
    expect(readPublicKeyInfo(spkiOf('ed448'))).toEqual({ type: 'other', algorithm: '1.3.101.113' })
    expect(readPublicKeyInfo(spkiOf('rsa-pss2048'))).toEqual({
      type: 'other',
      algorithm: '1.2.840.113549.1.1.10',
    })
  })

  it.each([
    [0n, 0],
    [1n, 1],
    [255n, 8],
    [256n, 9],
    [1n << 2046n, 2047],
    [(1n << 2048n) - 1n, 2048],
    [1n << 2048n, 2049],
  ])('counts the bits of an RSA modulus', (modulus, bits) => {
    expect(readPublicKeyInfo(rsa(modulus, 3n))).toMatchObject({
      modulusBits: bits,
      isModulusOdd: modulus % 2n === 1n,
    })
  })

  it.each([
    [
      'an RSA key without its NULL',
      sequence(sequence(oid(RSA)), bitString(sequence(integer(5), integer(3)))),
    ],
    [
      'an RSA key with other parameters',
      sequence(sequence(oid(RSA), integer(1)), bitString(sequence(integer(5), integer(3)))),
    ],
    ['a negative RSA modulus', rsa(-5n, 3n)],
    ['a negative RSA exponent', rsa(5n, -3n)],
    ['an RSA modulus that is not minimal', rsa(Buffer.from([0, 5]), 3n)],
    [
      'an RSA key with a third number',
      sequence(sequence(oid(RSA), nullValue()), bitString(sequence(integer(5), integer(3), integer(1)))),
    ],
    ['an RSA key that is none', sequence(sequence(oid(RSA), nullValue()), bitString(integer(5)))],
    ['an EC key without a curve', sequence(sequence(oid(EC)), bitString(Buffer.from([4])))],
    [
      'an EC key with the parameters of its curve',
      sequence(sequence(oid(EC), sequence(integer(1))), bitString(Buffer.from([4]))),
    ],
    [
      'an Ed25519 key with parameters',
      sequence(sequence(oid(ED25519), nullValue()), bitString(Buffer.alloc(32))),
    ],
    ['a key of some bits', sequence(sequence(oid(ED25519)), bitString(Buffer.alloc(32), 1))],
    ['something after the key', sequence(sequence(oid(ED25519)), bitString(Buffer.alloc(32)), nullValue())],
    [
      'something after the parameters',
      sequence(sequence(oid('1.2.3'), nullValue(), nullValue()), bitString(Buffer.alloc(32))),
    ],
    ['no algorithm', sequence(bitString(Buffer.alloc(32)))],
  ])('refuses %s', (_, spki) => {
    expect(malformedOf(() => readPublicKeyInfo(rsa(5n, 3n)))).toBeUndefined()
    expect(malformedOf(() => readPublicKeyInfo(spki))).toBeDefined()
  })
})

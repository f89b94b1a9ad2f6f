import { ECDH, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { publicJWK } from '../../../src/bundle/x509/public-jwk.ts'
import { SpiffeError } from '../../../src/errors.ts'
import { keyNamed } from '../../support/mint.ts'

const spkiOf = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' })
const P256_POINT_BYTES = 65

test.each(['p256', 'p384', 'p521', 'ed25519', 'rsa2048'] as const)(
  'the public members of a %s key are those that node:crypto gives',
  (name) => {
    const { publicKey } = keyNamed(name)
    expect(publicJWK(spkiOf(publicKey))).toEqual(publicKey.export({ format: 'jwk' }))
  },
)

test.each(['p224', 'secp256k1', 'ed448', 'rsa-pss2048'] as const)('a %s key has no name here', (name) => {
  expect(publicJWK(spkiOf(keyNamed(name).publicKey))).toBeUndefined()
})

test('a compressed point has no name here', () => {
  const spki = spkiOf(keyNamed('p256').publicKey)
  const compressed = ECDH.convertKey(
    spki.subarray(-P256_POINT_BYTES),
    'prime256v1',
    undefined,
    undefined,
    'compressed',
  )
  const shorter = Buffer.concat([spki.subarray(0, -P256_POINT_BYTES), Buffer.from(compressed)])
  const SEQUENCE_LENGTH = 1
  const BIT_STRING_LENGTH = 24
  for (const at of [SEQUENCE_LENGTH, BIT_STRING_LENGTH]) shorter[at] = (shorter[at] ?? 0) - 32
  expect(publicJWK(spki)).toMatchObject({ crv: 'P-256' })
  expect(publicJWK(shorter)).toBeUndefined()
})

test('what is no key is refused', () => {
  expect(() => publicJWK(spkiOf(keyNamed('p256').publicKey).subarray(1))).toThrow(SpiffeError)
})

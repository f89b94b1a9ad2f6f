import { describe, expect, it } from 'vitest'
import { curveOf, isOnCurve, isUncompressed } from '../../../src/internal/x509/curve.ts'
import { KEY } from '../../../src/internal/x509/oid.ts'
import { keyNamed } from '../../support/mint.ts'

const CASES = [
  ['p256', KEY.p256, 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n],
  ['p384', KEY.p384, 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n],
  ['p521', KEY.p521, 2n ** 521n - 1n],
] as const

describe.each(CASES)('the curve %s', (name, oid, prime) => {
  const curve = curveOf(oid)
  if (curve === undefined) throw new Error('no such curve')
  const pointAt = (x: bigint, y: bigint): Buffer =>
    Buffer.from(`04${[x, y].map((c) => c.toString(16).padStart(2 * curve.octets, '0')).join('')}`, 'hex')
  const jwk = keyNamed(name).publicKey.export({ format: 'jwk' })
  const [x, y] = [jwk.x, jwk.y].map((c = '') => BigInt(`0x${Buffer.from(c, 'base64url').toString('hex')}`))
  if (x === undefined || y === undefined) throw new Error('no point')

  it('has the points of keys on it, and those alone', () => {
    expect(isOnCurve(pointAt(x, y), curve)).toBe(true)
    expect(isOnCurve(pointAt(x, prime - y), curve)).toBe(true)
    expect(isOnCurve(pointAt(x, y ^ 1n), curve)).toBe(false)
    expect(isOnCurve(pointAt(y, x), curve)).toBe(false)
    expect(isOnCurve(pointAt(0n, 0n), curve)).toBe(false)
  })

  it('has coordinates that are below its prime', () => {
    // The one point that every curve of this kind has with a small coordinate: x = 0, y² = b.
    const root = squareRoot(curve.b, prime)
    expect(isOnCurve(pointAt(0n, root), curve)).toBe(true)
    expect(isOnCurve(pointAt(prime, root), curve)).toBe(false)
  })

  it('has uncompressed points of one length', () => {
    const point = pointAt(x, y)
    expect(isUncompressed(point, curve)).toBe(true)
    expect(isUncompressed(point.subarray(1), curve)).toBe(false)
    expect(isUncompressed(point.subarray(0, -1), curve)).toBe(false)
    expect(isUncompressed(Buffer.concat([Buffer.from([6]), point.subarray(1)]), curve)).toBe(false)
  })
})

it('knows no other curve', () => {
  expect(curveOf('1.3.132.0.10')).toBeUndefined()
})

/** A square root in the field of a prime p ≡ 3 (mod 4), of what has one. */
function squareRoot(square: bigint, prime: bigint): bigint {
  let [result, base] = [1n, square % prime]
  for (let exponent = (prime + 1n) / 4n; exponent > 0n; exponent >>= 1n) {
    if (exponent % 2n === 1n) result = (result * base) % prime
    base = (base * base) % prime
  }
  return result
}

import { asBuffer } from '../bytes.ts'
import { KEY } from './oid.ts'

/** A curve y² = x³ - 3x + b over the field of a prime (SP 800-186 §3.2.1). */
interface Curve {
  /** How many octets a coordinate has. */
  readonly octets: number
  readonly prime: bigint
  readonly b: bigint
}

const CURVES: ReadonlyMap<string, Curve> = new Map([
  [
    KEY.p256,
    {
      octets: 32,
      prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
      b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    },
  ],
  [
    KEY.p384,
    {
      octets: 48,
      prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
      b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    },
  ],
  [
    KEY.p521,
    {
      octets: 66,
      prime: 2n ** 521n - 1n,
      b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    },
  ],
])

/** The curve with this object identifier; `undefined` where it is none of those that are known. */
export function curveOf(oid: string): Curve | undefined {
  return CURVES.get(oid)
}

/** Whether octets have the length and the first octet of an uncompressed point (SEC 1 §2.3.3). */
export function isUncompressed(point: Uint8Array, { octets }: Curve): boolean {
  return point[0] === 0x04 && point.length === 1 + 2 * octets
}

/**
 * Whether an uncompressed point is on a curve (SEC 1 §3.2.2.1). It has no secret, so the time that this takes
 * tells nobody anything; OpenSSL would take many times as long to import the key.
 */
export function isOnCurve(point: Uint8Array, { octets, prime, b }: Curve): boolean {
  const hex = asBuffer(point).toString('hex', 1)
  const x = BigInt(`0x${hex.slice(0, 2 * octets)}`)
  const y = BigInt(`0x${hex.slice(2 * octets)}`)
  return x < prime && y < prime && (y * y - (x * x - 3n) * x - b) % prime === 0n
}

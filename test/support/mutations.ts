import fc from 'fast-check'

/** One small damage: where, as a share of the length, what kind of it, and with which octet. */
interface Mutation {
  readonly kind: 'flip' | 'set' | 'insert' | 'remove' | 'cut' | 'repeat'
  readonly at: number
  readonly octet: number
}

// Octets that mean something in DER: tags, lengths, the bounds of both.
const TELLING = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x86, 0xa0, 0xa3, 0xff,
]

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('flip', 'set', 'insert', 'remove', 'cut', 'repeat'),
  at: fc.nat(1_000_000),
  octet: fc.oneof(fc.nat(255), fc.constantFrom(...TELLING)),
})

/** One to three damages, to be done to bytes. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(mutation, { minLength: 1, maxLength: 3 })

/** The bytes with the damages done, one after the other. */
export function mutated(bytes: Uint8Array, damages: readonly Mutation[]): Uint8Array {
  return damages.reduce(damaged, bytes)
}

function damaged(bytes: Uint8Array, { kind, at: place, octet }: Mutation): Uint8Array {
  if (bytes.length === 0) return bytes
  const at = place % bytes.length
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  const [first = 0] = after
  switch (kind) {
    case 'flip':
      return Buffer.concat([before, Buffer.from([first ^ (1 << (octet & 7))]), after.subarray(1)])
    case 'set':
      return Buffer.concat([before, Buffer.from([octet]), after.subarray(1)])
    case 'insert':
      return Buffer.concat([before, Buffer.from([octet]), after])
    case 'remove':
      return Buffer.concat([before, after.subarray(1)])
    case 'cut':
      return before
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, octet), after])
  }
}

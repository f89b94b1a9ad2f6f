/** One element in DER, or in whatever encoding a test wants to see refused. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Buffer.from([length])
  const hex = length.toString(16)
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets])
}

export function sequence(...contents: readonly Uint8Array[]): Uint8Array {
  return tlv(0x30, ...contents)
}

export function set(...contents: readonly Uint8Array[]): Uint8Array {
  return tlv(0x31, ...contents)
}

export function boolean(value: boolean): Uint8Array {
  return tlv(0x01, Buffer.from([value ? 0xff : 0x00]))
}

/** An INTEGER of a number, or of contents that are taken as they are. */
export function integer(value: number | bigint | Uint8Array): Uint8Array {
  return tlv(0x02, value instanceof Uint8Array ? value : integerContents(BigInt(value)))
}

export function integerContents(value: bigint): Uint8Array {
  let bytes = 1n
  while (value >= 1n << (bytes * 8n - 1n) || value < -(1n << (bytes * 8n - 1n))) bytes += 1n
  const unsigned = BigInt.asUintN(Number(bytes) * 8, value)
  return Buffer.from(unsigned.toString(16).padStart(Number(bytes) * 2, '0'), 'hex')
}

export function bitString(octets: Uint8Array, unusedBits = 0): Uint8Array {
  return tlv(0x03, Buffer.from([unusedBits]), octets)
}

/** A BIT STRING of named bits: only those at these positions are set. */
export function namedBits(positions: readonly number[]): Uint8Array {
  const highest = Math.max(-1, ...positions)
  const octets = Buffer.alloc(Math.ceil((highest + 1) / 8))
  for (const position of positions)
    octets[position >> 3] = (octets[position >> 3] ?? 0) | (0x80 >> (position & 7))
  return bitString(octets, highest < 0 ? 0 : 7 - (highest & 7))
}

export function octetString(octets: Uint8Array): Uint8Array {
  return tlv(0x04, octets)
}

export function nullValue(): Uint8Array {
  return tlv(0x05)
}

export function oid(dotted: string): Uint8Array {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  return tlv(0x06, ...[first * 40n + second, ...rest].map(base128))
}

function base128(arc: bigint): Uint8Array {
  const octets = [Number(arc & 0x7fn)]
  for (let left = arc >> 7n; left > 0n; left >>= 7n) octets.unshift(Number(left & 0x7fn) | 0x80)
  return Buffer.from(octets)
}

export function utf8String(text: string): Uint8Array {
  return tlv(0x0c, Buffer.from(text, 'utf8'))
}

export function printableString(text: string): Uint8Array {
  return tlv(0x13, Buffer.from(text, 'latin1'))
}

export function ia5String(text: string): Uint8Array {
  return tlv(0x16, Buffer.from(text, 'latin1'))
}

/** A time as RFC 5280 §4.1.2.5 says: UTCTime through 2049, GeneralizedTime from then on. */
export function time(date: Date): Uint8Array {
  const digits = `${date.toISOString().replace(/[-T:]|\.\d+Z/g, '')}Z`
  const isGeneralized = date.getUTCFullYear() >= 2050
  return tlv(isGeneralized ? 0x18 : 0x17, Buffer.from(isGeneralized ? digits : digits.slice(2)))
}

/** A context-specific tag over constructed contents, or an explicit tag. */
export function constructed(number: number, ...contents: readonly Uint8Array[]): Uint8Array {
  return tlv(0xa0 | number, ...contents)
}

/** A context-specific tag over a primitive value. */
export function primitive(number: number, contents: Uint8Array): Uint8Array {
  return tlv(0x80 | number, contents)
}

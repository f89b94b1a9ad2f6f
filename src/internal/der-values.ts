import { contextConstructed, type DERElement, malformed, TAG } from './der.ts'

/**
 * The components of a SEQUENCE, taken one after the other in the order of its ASN.1 definition.
 *
 * Reading this way, a component that is missing, repeated, out of order or unknown cannot go unseen.
 */
export class Components {
  readonly #name: string
  readonly #children: readonly DERElement[]
  #next = 0

  /** @param name - What the SEQUENCE is, for error messages. */
  constructor(sequence: DERElement, name: string, tag: number = TAG.sequence) {
    if (sequence.tag !== tag) throw malformed(`${name} has another type`)
    this.#name = name
    this.#children = sequence.children
  }

  /** The next component, which must have this tag. */
  take(tag: number): DERElement {
    const child = this.optional(tag)
    if (child === undefined) throw malformed(`${this.#name} lacks a component or has it in another place`)
    return child
  }

  /** The next component, of whatever type. */
  takeAny(): DERElement {
    const child = this.optionalAny()
    if (child === undefined) throw malformed(`${this.#name} lacks a component`)
    return child
  }

  /** The next component if it has this tag. */
  optional(tag: number): DERElement | undefined {
    const child = this.#children[this.#next]
    if (child?.tag !== tag) return undefined
    this.#next += 1
    return child
  }

  /** The next component if there is one. */
  optionalAny(): DERElement | undefined {
    const child = this.#children[this.#next]
    if (child !== undefined) this.#next += 1
    return child
  }

  /** What stands inside the next component, if that has this explicit tag. */
  optionalExplicit(number: number): DERElement | undefined {
    const wrapper = this.optional(contextConstructed(number))
    if (wrapper === undefined) return undefined
    const [inner, ...rest] = wrapper.children
    if (inner === undefined || rest.length > 0)
      throw malformed(`${this.#name} has an empty or overfull explicit tag`)
    return inner
  }

  /** The next component if it is a BOOLEAN DEFAULT FALSE, which DER leaves out where it is false (X.690 §11.5). */
  defaultFalse(): boolean {
    const element = this.optional(TAG.boolean)
    if (element === undefined) return false
    if (!readBoolean(element)) throw malformed(`${this.#name} has a default value in it`, 'X.690 §11.5')
    return true
  }

  /** Refuses whatever has not been taken. */
  end(): void {
    if (this.#next !== this.#children.length) throw malformed(`${this.#name} has a component too many`)
  }
}

/** The elements of a SEQUENCE OF that must not be empty. */
export function elementsOf(
  list: DERElement,
  name: string,
  tag: number = TAG.sequence,
): readonly DERElement[] {
  if (list.tag !== tag) throw malformed(`${name} has another type`)
  if (list.children.length === 0) throw malformed(`${name} is empty`)
  return list.children
}

/** The elements of a SET OF that must not be empty, in the order of DER (X.690 §11.6). */
export function elementsOfSet(set: DERElement, name: string): readonly DERElement[] {
  const elements = elementsOf(set, name, TAG.set)
  for (const [i, { raw }] of elements.entries()) {
    const next = elements[i + 1]
    if (next !== undefined && Buffer.compare(raw, next.raw) > 0)
      throw malformed(`${name} is out of order`, 'X.690 §11.6')
  }
  return elements
}

/** A BOOLEAN: `true` is all ones (X.690 §11.1). */
export function readBoolean({ document, contentStart, end }: DERElement): boolean {
  const value = document[contentStart]
  if (end - contentStart !== 1 || (value !== 0x00 && value !== 0xff)) {
    throw malformed('a BOOLEAN is not DER', 'X.690 §11.1')
  }
  return value === 0xff
}

/** The contents of an INTEGER, in the fewest octets (X.690 §8.3.2): two's complement, big-endian. */
export function readInteger({ contents }: DERElement): Uint8Array {
  const first = contents[0]
  const second = contents[1]
  const isPadded =
    second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))
  if (first === undefined || isPadded) throw malformed('an INTEGER is empty or not minimal', 'X.690 §8.3.2')
  return contents
}

/** The octets of an INTEGER that must not be negative, most significant first and without leading zeros. */
export function readUnsigned(element: DERElement): Uint8Array {
  const contents = readInteger(element)
  const first = contents[0]
  if (first === undefined || first >= 0x80) throw malformed('an INTEGER is negative')
  return first === 0 ? contents.subarray(1) : contents
}

/** An INTEGER (0..MAX) that counts something. One beyond 2^53 loses precision, and no meaning. */
export function readCount(element: DERElement): number {
  return readUnsigned(element).reduce((sum, octet) => sum * 256 + octet, 0)
}

/** A BIT STRING that is filled to the last octet, as keys and signatures are. */
export function readOctetsOfBitString({ document, contentStart, end }: DERElement): Uint8Array {
  if (end === contentStart || document[contentStart] !== 0)
    throw malformed('a BIT STRING does not hold whole octets')
  return document.subarray(contentStart + 1, end)
}

/** Named bits: whether the one at a position is set. */
export type NamedBits = (position: number) => boolean

/** The named bits of a BIT STRING, without trailing zero bits (X.690 §11.2). */
export function readNamedBits({ contents }: DERElement): NamedBits {
  const unused = contents[0]
  const octets = contents.subarray(1)
  const last = octets.at(-1)
  if (unused === undefined || unused > (last === undefined ? 0 : 7))
    throw malformed('a BIT STRING has a wrong length')
  if (last !== undefined) {
    if ((last & ((1 << unused) - 1)) !== 0) throw malformed('unused bits are set', 'X.690 §11.2.1')
    if (((last >> unused) & 1) === 0) throw malformed('named bits end with a zero bit', 'X.690 §11.2.2')
  }
  return (position) => (Number(octets[position >> 3]) & (0x80 >> (position & 7))) !== 0
}

/** Text of characters below 128, as an IA5String holds it. */
export function readASCII({ document, contentStart, end }: DERElement): string {
  for (let i = contentStart; i < end; i++) {
    if (Number(document[i]) > 0x7f) throw malformed('an IA5String has characters beyond ASCII')
  }
  return document.toString('latin1', contentStart, end)
}

// Longer than any in use; the arcs of one are decoded with arithmetic that grows with them.
const LONGEST_OID = 128

/** An OBJECT IDENTIFIER in dotted form. */
export function readOID(element: DERElement): string {
  assertOID(element)
  const { document, contentStart, end } = element
  let text = ''
  let arc: number | bigint = 0
  for (let i = contentStart; i < end; i++) {
    const octet = Number(document[i])
    const low = octet & 0x7f
    // Arcs out of UUIDs have 128 bits.
    arc = typeof arc === 'number' && arc < 2 ** 46 ? arc * 128 + low : BigInt(arc) * 128n + BigInt(low)
    if (octet < 0x80) {
      text += text === '' ? firstArcs(arc) : `.${arc}`
      arc = 0
    }
  }
  return text
}

/** Refuses what is no OBJECT IDENTIFIER, for those who do not ask which one it is (X.690 §8.19). */
export function assertOID({ document, contentStart, end }: DERElement): void {
  if (end - contentStart > LONGEST_OID) throw malformed('an OBJECT IDENTIFIER is too long', 'this library')
  let previous = 0
  for (let i = contentStart; i < end; i++) {
    const octet = Number(document[i])
    if (octet === 0x80 && previous < 0x80)
      throw malformed('an OBJECT IDENTIFIER is not minimal', 'X.690 §8.19.2')
    previous = octet
  }
  if (end === contentStart || previous >= 0x80) throw malformed('an OBJECT IDENTIFIER is empty or cut off')
}

/** The first two arcs, which share an encoding (X.690 §8.19.4). */
function firstArcs(arc: number | bigint): string {
  if (arc < 40) return `0.${arc}`
  if (arc < 80) return `1.${Number(arc) - 40}`
  return `2.${typeof arc === 'number' ? arc - 80 : arc - 80n}`
}

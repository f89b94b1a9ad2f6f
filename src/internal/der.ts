import { SpiffeError } from '../errors.ts'
import { asBuffer } from './bytes.ts'

/** Identifier octets of the types that X.509 uses. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** The identifier octet of a context-specific tag on a primitive value. */
export function contextPrimitive(number: number): number {
  return 0x80 | number
}

/** The identifier octet of a context-specific tag on a constructed value, or of any explicit tag. */
export function contextConstructed(number: number): number {
  return 0xa0 | number
}

// Certificates in use need a third of each.
const DEEPEST = 24
const MOST_ELEMENTS = 20_000

const CONSTRUCTED = 0x20
const HIGH_TAG_NUMBER = 0x1f
const UNIVERSAL_CLASS_END = 0x40

const NONE: readonly DERElement[] = Object.freeze([])

/** One element of a DER document: its tag, where its contents are, and the elements that it is made of. */
export class DERElement {
  /** The identifier octet: class, constructed bit and tag number. */
  readonly tag: number
  /** The bytes of the whole document. */
  readonly document: Buffer
  /** Where the element begins in the document, with its tag. */
  readonly start: number
  /** Where its contents begin. */
  readonly contentStart: number
  /** Where it ends. */
  readonly end: number
  /** The elements in it; none where it is primitive. */
  readonly children: readonly DERElement[]

  constructor(
    tag: number,
    document: Buffer,
    start: number,
    contentStart: number,
    end: number,
    children: readonly DERElement[],
  ) {
    this.tag = tag
    this.document = document
    this.start = start
    this.contentStart = contentStart
    this.end = end
    this.children = children
  }

  /** The element as it was encoded: a view, not a copy. */
  get raw(): Uint8Array {
    return this.document.subarray(this.start, this.end)
  }

  /** What follows tag and length: a view, not a copy. */
  get contents(): Uint8Array {
    return this.document.subarray(this.contentStart, this.end)
  }
}

/** Whether an element is taken as it is, for its tag and for how deep it stands; the outermost stands at 0. */
export type IsClosed = (tag: number, depth: number) => boolean

/**
 * Reads bytes that are exactly one DER element (X.690 §8 and §10).
 *
 * Lengths are definite and minimal, constructed elements are filled to the byte, nothing follows the end, and
 * depth and number of elements are bounded. Views into the bytes are handed out, so they must not change.
 *
 * @param isClosed - Which constructed elements are not looked into: they have no children here.
 */
export function readDER(bytes: Uint8Array, isClosed?: IsClosed): DERElement {
  const reader = new Reader(bytes, isClosed)
  const element = reader.element(bytes.length, 0)
  if (reader.position !== bytes.length) throw malformed('bytes follow the end')
  return element
}

/**
 * Cuts concatenated DER elements apart: views, not copies.
 *
 * @param most - How many elements there may be.
 */
export function splitDER(bytes: Uint8Array, most: number): Uint8Array[] {
  const reader = new Reader(bytes)
  const parts: Uint8Array[] = []
  while (reader.position < bytes.length) {
    if (parts.length === most) throw malformed(`there are more than ${most} elements`)
    const start = reader.position
    reader.tag(bytes.length)
    reader.position = reader.contentEnd(bytes.length)
    parts.push(bytes.subarray(start, reader.position))
  }
  return parts
}

/** The refusal of an encoding. */
export function malformed(detail: string, rule?: string): SpiffeError {
  return new SpiffeError('ERR_SPIFFE_DER_MALFORMED', detail, { rule })
}

class Reader {
  position = 0
  readonly #bytes: Buffer
  readonly #isClosed: IsClosed
  #elements = 0

  constructor(bytes: Uint8Array, isClosed: IsClosed = () => false) {
    this.#bytes = asBuffer(bytes)
    this.#isClosed = isClosed
  }

  element(limit: number, depth: number): DERElement {
    if (depth > DEEPEST) throw malformed(`elements are nested deeper than ${DEEPEST}`)
    this.#elements += 1
    if (this.#elements > MOST_ELEMENTS) throw malformed(`there are more than ${MOST_ELEMENTS} elements`)
    const start = this.position
    const tag = this.tag(limit)
    const end = this.contentEnd(limit)
    const contentStart = this.position
    if (tag === TAG.null && end !== contentStart) throw malformed('a NULL has contents', 'X.690 §8.8.2')
    const isOpen = (tag & CONSTRUCTED) !== 0 && !this.#isClosed(tag, depth)
    const children = isOpen ? this.#elementsUntil(end, depth + 1) : NONE
    this.position = end
    return new DERElement(tag, this.#bytes, start, contentStart, end, children)
  }

  #elementsUntil(end: number, depth: number): readonly DERElement[] {
    const elements: DERElement[] = []
    while (this.position < end) elements.push(this.element(end, depth))
    return elements
  }

  /** X.690 §8.1.2 */
  tag(limit: number): number {
    const tag = this.#octet(limit)
    if ((tag & HIGH_TAG_NUMBER) === HIGH_TAG_NUMBER)
      throw malformed('a tag number is above 30', 'X.690 §8.1.2')
    if (tag < UNIVERSAL_CLASS_END) {
      if (tag === 0) throw malformed('there are end-of-contents octets', 'X.690 §10.1')
      // DER has no constructed strings (X.690 §10.2).
      const isCollection = (tag | CONSTRUCTED) === TAG.sequence || (tag | CONSTRUCTED) === TAG.set
      if (((tag & CONSTRUCTED) !== 0) !== isCollection) {
        throw malformed(
          'a universal type is constructed and must not be, or the other way round',
          'X.690 §10.2',
        )
      }
    }
    return tag
  }

  /** Reads the length, and says where the contents end (X.690 §8.1.3, §10.1). */
  contentEnd(limit: number): number {
    const first = this.#octet(limit)
    const length = first < 0x80 ? first : this.#longLength(first, limit)
    if (length > limit - this.position) throw malformed('a length reaches past the end of what it is in')
    return this.position + length
  }

  #longLength(first: number, limit: number): number {
    if (first === 0x80) throw malformed('a length is indefinite', 'X.690 §10.1')
    const octets = first & 0x7f
    let length = 0
    for (let i = 0; i < octets; i++) length = length * 256 + this.#octet(limit)
    if (length < 0x80 || length < 256 ** (octets - 1))
      throw malformed('a length is not minimal', 'X.690 §10.1')
    return length
  }

  #octet(limit: number): number {
    const octet = this.position < limit ? this.#bytes[this.position] : undefined
    if (octet === undefined) throw malformed('the bytes end within an element')
    this.position += 1
    return octet
  }
}

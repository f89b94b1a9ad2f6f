import { SpiffeError } from '../errors.ts'

/** A JSON object as `JSON.parse` gives it. */
export type JSONRecord = Readonly<Record<string, unknown>>

/** A JSON object with the text it was read from. */
export interface JSONObjectText {
  readonly value: JSONRecord
  readonly text: string
  /** The first name that it has twice, as {@link duplicateMember} finds it. */
  readonly duplicate: string | undefined
}

/** How much is read. */
export interface JSONLimits {
  /** Longest text, in bytes; in UTF-16 units where a string is given. */
  readonly maxBytes: number
  /** Deepest nesting of objects and arrays, the outermost counted. */
  readonly maxDepth: number
  /** Most members of an object or elements of an array, in whatever depth. */
  readonly maxChildren?: number | undefined
  /** Most values in all. An empty object or array counts as two, for the value that it could have. */
  readonly maxValues?: number | undefined
}

/** A member of a JSON object: its name and the text of its value, as it is written. */
export type JSONMember = readonly [name: string, text: string]

/**
 * Reads a JSON text whose value is an object (RFC 8259).
 *
 * Values are those of `JSON.parse`, which keeps the last of two members of one name and rounds integers beyond
 * 2^53 without a word: `duplicate` and {@link membersOf} tell both from the text.
 *
 * All limits are looked at before it is parsed: what that costs grows with what there is to make, not with the size
 * of the text alone.
 *
 * @throws `SpiffeError` `ERR_SPIFFE_JSON_MALFORMED` or `ERR_SPIFFE_JSON_TOO_LARGE`. Neither message nor cause shows
 * the text.
 */
export function parseJSONObject(input: string | Uint8Array, limits: JSONLimits): JSONObjectText {
  if (input.length > limits.maxBytes) throw tooLarge(`it is larger than ${limits.maxBytes} bytes`)
  const text = typeof input === 'string' ? input : decodeUTF8(input)
  const members = countMembers(text, limits)
  const value = parse(text)
  if (!isJSONObject(value)) throw malformed('it is not an object')
  return { value, text, duplicate: duplicateAmong(members, value, text) }
}

/** Whether a value that came out of JSON is an object. */
export function isJSONObject(value: unknown): value is JSONRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The members of an object in the order of its text, all of those that share a name included.
 *
 * @param text - The text of an object that has been parsed without error.
 */
export function membersOf(text: string): readonly JSONMember[] {
  return childrenOf(text).map(({ colon, start, end }) => [
    nameIn(text, start, colon),
    text.slice(colon + 1, end).trim(),
  ])
}

/**
 * The texts of the elements of an array.
 *
 * @param text - The text of an array that has been parsed without error.
 */
export function elementsOf(text: string): readonly string[] {
  return childrenOf(text).map(({ start, end }) => text.slice(start, end).trim())
}

/**
 * The first name that an object has twice, or `undefined`. Objects inside of it are not looked into.
 *
 * @param text - The text of an object that has been parsed without error.
 */
export function duplicateMember(text: string): string | undefined {
  const names = new Set<string>()
  for (const { colon, start } of childrenOf(text)) {
    const name = nameIn(text, start, colon)
    if (names.has(name)) return name
    names.add(name)
  }
  return undefined
}

/**
 * The same of an object whose value is at hand, in a fraction of the time.
 *
 * @param value - What `JSON.parse` made of the text.
 */
export function duplicateIn(value: JSONRecord, text: string): string | undefined {
  return duplicateAmong(countMembers(text, { maxDepth: Infinity }), value, text)
}

/** Where the value has lost none of the members that were counted, no name was there twice. */
function duplicateAmong(members: number, value: JSONRecord, text: string): string | undefined {
  return Object.keys(value).length === members ? undefined : duplicateMember(text)
}

/** The largest integer of 64 bits. */
export const LARGEST_UINT64: bigint = 2n ** 64n - 1n

/**
 * The integer from 0 to 2^64 - 1 that a JSON number is, without loss, or `undefined` where the text is anything
 * else, such as a number with a sign, a fraction or an exponent.
 */
export function uint64Of(text: string): bigint | undefined {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) return undefined
  const integer = BigInt(text)
  return integer <= LARGEST_UINT64 ? integer : undefined
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Where a member or an element stands in its text, and where its colon is: -1 for an element. */
interface Child {
  readonly start: number
  readonly colon: number
  readonly end: number
}

/** Finds the children of the outermost value by counting brackets: the grammar has been checked before. */
function childrenOf(text: string): readonly Child[] {
  const children: Child[] = []
  let depth = 0
  let start = 0
  let colon = -1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at)
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (depth++ === 0) start = at + 1
    } else if (code === COLON && depth === 1) {
      colon = at
    } else if (code === COMMA && depth === 1) {
      children.push({ start, colon, end: at })
      start = at + 1
    } else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) {
      if (children.length > 0 || text.slice(start, at).trim() !== '') children.push({ start, colon, end: at })
    }
  }
  return children
}

/**
 * Counts the members of an object by their colons, and finds what is too deep or too much, before the text is
 * parsed: it may be any text, of which the count then means nothing.
 */
function countMembers(
  text: string,
  { maxDepth, maxChildren = Infinity, maxValues = Infinity }: Omit<JSONLimits, 'maxBytes'>,
): number {
  const children: number[] = []
  let depth = 0
  let members = 0
  let values = 1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at)
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > maxDepth) throw malformed(`it nests deeper than ${maxDepth} levels`)
      if (++values > maxValues) throw tooLarge(`it has more than ${maxValues} values`)
      children[depth] = 1
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (--depth < 0) throw malformed('it breaks the grammar')
    } else if (code === COMMA) {
      const count = (children[depth] ?? 0) + 1
      if (count > maxChildren) throw tooLarge(`an object or array has more than ${maxChildren} values`)
      if (++values > maxValues) throw tooLarge(`it has more than ${maxValues} values`)
      children[depth] = count
    } else if (code === COLON && depth === 1) {
      members++
    }
  }
  return members
}

/** The index of the quote that ends the string which starts at a quote. */
function endOfString(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at
    if (code === BACKSLASH) at++
  }
  return text.length
}

/** The name of a member, which may be written with escapes. */
function nameIn(text: string, start: number, colon: number): string {
  const quoted = text.slice(start, colon).trim()
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1)
}

// A byte order mark is kept, and refused as what does not belong into JSON (RFC 8259 §8.1).
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUTF8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw malformed('it is not UTF-8')
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error of JSON.parse quotes the text, which may be a token's: it does not become the cause.
    throw malformed('it breaks the grammar')
  }
}

function tooLarge(why: string): SpiffeError {
  return new SpiffeError('ERR_SPIFFE_JSON_TOO_LARGE', `JSON text was refused: ${why}`)
}

function malformed(why: string): SpiffeError {
  return new SpiffeError('ERR_SPIFFE_JSON_MALFORMED', `JSON text was refused: ${why}`)
}

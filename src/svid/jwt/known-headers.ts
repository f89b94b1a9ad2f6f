import { decodePart } from './compact.ts'
import { type JWTSVIDHeader, parseHeader } from './header.ts'

interface KnownHeader {
  readonly text: string
  readonly header: JWTSVIDHeader
}

const MOST_KNOWN = 16

/**
 * What the headers of verified tokens say, the oldest first: an authority writes the same one into all its
 * tokens, and few authorities call a service.
 *
 * That is no verdict, the same text always says the same. A header enters once a signature has vouched for it,
 * so that nobody fills this with others.
 */
const known: KnownHeader[] = []

/** What a header says, read now or before. */
export function readHeader(text: string): JWTSVIDHeader {
  for (const entry of known) if (entry.text === text) return entry.header
  return parseHeader(decodePart('header', text))
}

/** Remembers the header of a token whose signature was verified. */
export function rememberHeader(text: string, header: JWTSVIDHeader): void {
  for (const entry of known) if (entry.header === header) return
  if (known.length === MOST_KNOWN) known.shift()
  known.push({ text: detached(text), header })
}

/** A copy of its own: V8 keeps the whole token in memory for as long as a part that was cut out of it. */
function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

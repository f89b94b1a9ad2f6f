import { LRU } from '../../internal/lru.ts'
import { decodePart } from './compact.ts'
import { type JWTSVIDHeader, parseHeader } from './header.ts'

/**
 * What the headers of verified tokens say, by their text: an authority writes the same one into all its tokens.
 *
 * That is no verdict, the same text always says the same. A header enters once a signature has vouched for it,
 * so that nobody fills this with others.
 */
const known = new LRU<string, JWTSVIDHeader>(64)

/** What a header says, read now or before. */
export function readHeader(text: string): JWTSVIDHeader {
  return known.get(text) ?? parseHeader(decodePart('header', text))
}

/** Remembers the header of a token whose signature was verified. */
export function rememberHeader(text: string, header: JWTSVIDHeader): void {
  if (known.get(text) === undefined) known.set(detached(text), header)
}

/** A copy of its own: V8 keeps the whole token in memory for as long as a part that was cut out of it. */
function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

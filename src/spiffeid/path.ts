import { printable } from '../internal/printable.ts'
import { SpiffeIDError } from './error.ts'
import { assertText } from './text.ts'

const SLASH = 0x2f
const DOT = 0x2e

/**
 * Checks that a text is the path of a SPIFFE ID: empty, or a leading slash before each of its segments.
 *
 * @param path - Such as `/ns/prod/sa/orders`; the empty path is that of a trust domain's own ID.
 * @throws `SpiffeIDError` `ERR_SPIFFE_ID_PATH_RELATIVE`, `ERR_SPIFFE_ID_EMPTY_SEGMENT`,
 * `ERR_SPIFFE_ID_TRAILING_SLASH`, `ERR_SPIFFE_ID_DOT_SEGMENT`, `ERR_SPIFFE_ID_PERCENT_ENCODING`,
 * `ERR_SPIFFE_ID_QUERY_OR_FRAGMENT` or `ERR_SPIFFE_ID_PATH_CHARACTER`.
 * @throws `TypeError` when it is not a string.
 * @see SPIFFE-ID.md section 2.2, Path
 * @example
 * ```ts
 * import { validatePath } from 'js-spiffe/spiffeid'
 *
 * validatePath('/ns/prod/sa/orders')
 * ```
 */
export function validatePath(path: string): void {
  assertText(path, 'a path')
  if (path === '') return
  if (path.charCodeAt(0) !== SLASH) {
    throw new SpiffeIDError('ERR_SPIFFE_ID_PATH_RELATIVE', `the path ${printable(path)} has no leading slash`)
  }
  assertPathFrom(path, 0)
}

/**
 * Checks that a text is one segment of a path.
 *
 * @param segment - Such as `orders`, without any slash.
 * @throws `SpiffeIDError` as {@link validatePath} does for what is wrong within a segment.
 * @throws `TypeError` when it is not a string.
 * @see SPIFFE-ID.md section 2.2, Path
 */
export function validatePathSegment(segment: string): void {
  assertText(segment, 'a path segment')
  for (let at = 0; at < segment.length; at++) {
    if (!isSegmentCharacter(segment.charCodeAt(at))) throw refusedCharacter(segment, at)
  }
  assertSegment(segment, 0, segment.length)
}

/**
 * Joins segments to a path, checking each.
 *
 * @param segments - Such as `'ns', 'prod'`; none gives the empty path.
 * @returns Such as `/ns/prod`.
 * @throws as {@link validatePathSegment}.
 */
export function joinPathSegments(...segments: readonly string[]): string {
  let path = ''
  for (const segment of segments) {
    validatePathSegment(segment)
    path += `/${segment}`
  }
  return path
}

/** Checks the path that starts with the slash at `from` and goes to the end of the text, in one pass. */
export function assertPathFrom(text: string, from: number): void {
  let start = from + 1
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === SLASH) {
      assertSegment(text, start, at)
      start = at + 1
    } else if (!isSegmentCharacter(code)) {
      throw refusedCharacter(text, at)
    }
  }
  if (start === text.length) {
    throw new SpiffeIDError('ERR_SPIFFE_ID_TRAILING_SLASH', `${printable(text)} ends with a slash`)
  }
  assertSegment(text, start, text.length)
}

/** The rules of SPIFFE-ID §2.2 for a segment as a whole; its characters are known to be good. */
function assertSegment(text: string, start: number, end: number): void {
  const length = end - start
  if (length === 0) {
    throw new SpiffeIDError('ERR_SPIFFE_ID_EMPTY_SEGMENT', `${printable(text)} has an empty path segment`)
  }
  if (length > 2 || text.charCodeAt(start) !== DOT) return
  if (length === 1 || text.charCodeAt(start + 1) === DOT) {
    throw new SpiffeIDError('ERR_SPIFFE_ID_DOT_SEGMENT', `${printable(text)} has a path segment "." or ".."`)
  }
}

function isSegmentCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || // a-z
    (code >= 0x30 && code <= 0x39) || // 0-9
    (code >= 0x41 && code <= 0x5a) || // A-Z
    code === 0x2d || // -
    code === DOT ||
    code === 0x5f // _
  )
}

/** Names the rule that a character of a path breaks. */
function refusedCharacter(text: string, at: number): SpiffeIDError {
  const character = text.charAt(at)
  const detail = `${printable(text)} has ${printable(character)} in its path, at index ${at}`
  if (character === '%')
    return new SpiffeIDError('ERR_SPIFFE_ID_PERCENT_ENCODING', detail, { rule: 'SPIFFE-ID §2.2' })
  if (character === '?' || character === '#')
    return new SpiffeIDError('ERR_SPIFFE_ID_QUERY_OR_FRAGMENT', detail)
  return new SpiffeIDError('ERR_SPIFFE_ID_PATH_CHARACTER', detail)
}

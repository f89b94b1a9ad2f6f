import { elementsOf } from '../internal/json.ts'
import { type DocumentContext, readDocument, refusedAsTooLarge, refusedDocument } from './document.ts'
import { type JWK, readJWK } from './jwk.ts'
import { MOST_KEYS } from './limits.ts'
import { readOrSkip, type SkippedElement } from './skipped.ts'

/** A JWK Set, before it is decided what its keys are for. */
export interface JWKSet {
  readonly jwks: readonly JWK[]
  /** What stands in `keys` and is no JWK. */
  readonly skipped: readonly SkippedElement[]
  /** The members of the set with the texts of their values. */
  readonly members: ReadonlyMap<string, string>
}

/** Reads a JWK Set (RFC 7517 §5): its member `keys` has to be there and to be an array, be it an empty one. */
export function readJWKSet(document: string | Uint8Array, context: DocumentContext): JWKSet {
  const members = readDocument(document, context)
  const keys = members.get('keys')
  if (!keys?.startsWith('[')) throw refusedDocument(context, 'has no array in its member keys')
  const elements = elementsOf(keys)
  if (elements.length > MOST_KEYS) throw refusedAsTooLarge(context, `has more than ${MOST_KEYS} keys`)
  const jwks: JWK[] = []
  const skipped: SkippedElement[] = []
  for (const [at, text] of elements.entries()) readOrSkip(at, skipped, () => jwks.push(readJWK(at, text)))
  return { jwks, skipped, members }
}

import { elementsOf } from '../internal/json.ts'
import { type DocumentContext, readDocument, refusedDocument } from './document.ts'
import { type JWK, readJWK } from './jwk.ts'
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
  const { value, members } = readDocument(document, context)
  const keys = value['keys']
  const text = members.get('keys')
  if (!Array.isArray(keys) || text === undefined) {
    throw refusedDocument(context, 'has no array in its member keys')
  }
  const jwks: JWK[] = []
  const skipped: SkippedElement[] = []
  for (const [at, element] of elementsOf(text).entries()) {
    readOrSkip(at, skipped, () => jwks.push(readJWK(at, keys[at], element)))
  }
  return { jwks, skipped, members }
}

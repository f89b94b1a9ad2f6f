import type { SpiffeErrorCode } from '../errors.ts'
import { duplicateMember, membersOf, parseJSONObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'
import { BundleError } from './error.ts'
import { DEEPEST_JSON } from './limits.ts'
import { refusing } from './refusing.ts'

/** What is said of a document that cannot be taken as a whole. */
export interface DocumentContext {
  /** Such as `the JWK Set of trust domain acme.internal`. */
  readonly name: string
  readonly code: SpiffeErrorCode
  /** The ID of the trust domain, where the document is of one. */
  readonly spiffeID?: string | undefined
  /** The largest that it may be. */
  readonly maxBytes: number
}

/**
 * Reads a document that is a JSON object, each of its members once. Which of two members of one name counts
 * depends on the reader, so a document with two says different things to different people.
 *
 * @returns The members with the texts of their values.
 */
export function readDocument(
  document: string | Uint8Array,
  context: DocumentContext,
): ReadonlyMap<string, string> {
  if (document.length > context.maxBytes) {
    throw refusedAsTooLarge(context, `is larger than ${context.maxBytes} bytes`)
  }
  const { text } = refusing(
    () => parseJSONObject(document, { maxBytes: context.maxBytes, maxDepth: DEEPEST_JSON }),
    (cause) => refusedDocument(context, 'is no JSON object', { cause }),
  )
  const duplicate = duplicateMember(text)
  if (duplicate !== undefined) throw refusedDocument(context, `has the member ${printable(duplicate)} twice`)
  return new Map(membersOf(text))
}

/** The refusal of a document as a whole. */
export function refusedDocument(
  { name, code, spiffeID }: DocumentContext,
  detail: string,
  options: { readonly rule?: string; readonly cause?: unknown } = {},
): BundleError {
  return new BundleError(code, `${name} ${detail}`, { ...options, spiffeID })
}

/** The refusal of a document that would take too long to read. */
export function refusedAsTooLarge({ name, spiffeID }: DocumentContext, detail: string): BundleError {
  return new BundleError('ERR_SPIFFE_BUNDLE_TOO_LARGE', `${name} ${detail}`, { spiffeID })
}

import type { SpiffeError, SpiffeErrorCode } from '../errors.ts'
import { type JSONLimits, type JSONRecord, membersOf, parseJSONObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'
import { assertDocument } from './assert.ts'
import { BundleError } from './error.ts'
import { refusing } from './refusing.ts'

/** What is said of a document that cannot be taken as a whole. */
export interface DocumentContext {
  /** Such as `the JWK Set of trust domain acme.internal`. */
  readonly name: string
  readonly code: SpiffeErrorCode
  /** The ID of the trust domain, where the document is of one. */
  readonly spiffeID?: string | undefined
  /** How much of it is read. */
  readonly limits: JSONLimits
}

/** A document that is a JSON object. */
export interface Document {
  readonly value: JSONRecord
  /** Its members with the texts of their values. */
  readonly members: ReadonlyMap<string, string>
}

/**
 * Reads a document that is a JSON object, each of its members once. Which of two members of one name counts
 * depends on the reader, so a document with two says different things to different people.
 */
export function readDocument(document: string | Uint8Array, context: DocumentContext): Document {
  assertDocument(document)
  const { value, text, duplicate } = refusing(
    () => parseJSONObject(document, context.limits),
    (cause) => refusedJSON(context, cause),
  )
  if (duplicate !== undefined) throw refusedDocument(context, `has the member ${printable(duplicate)} twice`)
  return { value, members: new Map(membersOf(text)) }
}

/** The refusal of a document as a whole. */
export function refusedDocument(
  { name, code, spiffeID }: DocumentContext,
  detail: string,
  options: { readonly rule?: string; readonly cause?: unknown } = {},
): BundleError {
  return new BundleError(code, `${name} ${detail}`, { ...options, spiffeID })
}

function refusedJSON(context: DocumentContext, cause: SpiffeError): BundleError {
  if (cause.code !== 'ERR_SPIFFE_JSON_TOO_LARGE')
    return refusedDocument(context, 'is no JSON object', { cause })
  const { name, spiffeID } = context
  return new BundleError('ERR_SPIFFE_BUNDLE_TOO_LARGE', `${name} has more in it than is read`, {
    spiffeID,
    cause,
  })
}

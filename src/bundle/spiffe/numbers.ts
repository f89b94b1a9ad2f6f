import type { SpiffeErrorCode } from '../../errors.ts'
import { LARGEST_UINT64, uint64Of } from '../../internal/json.ts'
import { BundleError } from '../error.ts'
import type { SkippedElement } from '../skipped.ts'

/** Whether a value is a sequence number that a bundle can have (SPIFFE Trust Domain and Bundle §4.1.1). */
export function isSequenceNumber(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= LARGEST_UINT64
}

/** Whether a value is a refresh hint that can be followed (SPIFFE Trust Domain and Bundle §4.1.2). */
export function isRefreshHint(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

/** The sequence number among the members of a document; what is none counts as absent and is reported. */
export function readSequenceNumber(
  members: ReadonlyMap<string, string>,
  skipped: SkippedElement[],
): bigint | undefined {
  return read(members, 'spiffe_sequence', uint64Of, skipped, 'ERR_SPIFFE_BUNDLE_SEQUENCE_INVALID')
}

/** The refresh hint among the members of a document; what is none counts as absent and is reported. */
export function readRefreshHint(
  members: ReadonlyMap<string, string>,
  skipped: SkippedElement[],
): number | undefined {
  return read(
    members,
    'spiffe_refresh_hint',
    refreshHintOf,
    skipped,
    'ERR_SPIFFE_BUNDLE_REFRESH_HINT_INVALID',
  )
}

function refreshHintOf(text: string): number | undefined {
  const hint = Number(uint64Of(text))
  return isRefreshHint(hint) ? hint : undefined
}

function read<T>(
  members: ReadonlyMap<string, string>,
  name: string,
  parse: (text: string) => T | undefined,
  skipped: SkippedElement[],
  code: SpiffeErrorCode,
): T | undefined {
  const text = members.get(name)
  if (text === undefined) return undefined
  const value = parse(text)
  if (value === undefined) {
    skipped.push(
      Object.freeze({ at: name, error: new BundleError(code, `${name} is not an integer in its range`) }),
    )
  }
  return value
}

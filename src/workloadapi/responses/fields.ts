import type { SpiffeErrorCode } from '../../errors.ts'
import { printable } from '../../internal/printable.ts'
import { WorkloadAPIError } from '../error.ts'

/** Checks that a mandatory field was sent: where it was not, the message is no good (Workload API §4.5). */
export function mandatory<T extends { readonly length: number }>(value: T, field: string): T {
  if (value.length === 0) {
    throw new WorkloadAPIError('ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY', `a message came without ${field}`)
  }
  return value
}

/**
 * Leaves out those whose hint an earlier one has: the first of them counts (Workload API §5.2.1). Those
 * without a hint all stay.
 */
export function firstOfEachHint<T extends { readonly hint: string }>(svids: readonly T[]): readonly T[] {
  const seen = new Set<string>()
  return svids.filter(({ hint }) => hint === '' || (!seen.has(hint) && seen.add(hint)))
}

/** A hint as SVIDs have it: none where the field is empty. */
export function hintOf({ hint }: { readonly hint: string }): string | undefined {
  return hint === '' ? undefined : hint
}

/** The first SVID, or the one with the hint that was asked for (Workload API §8). */
export function selectByHint<T extends { readonly hint: string | undefined }>(
  svids: readonly T[],
  hint: string | undefined,
): T {
  const selected = hint === undefined ? svids[0] : svids.find((svid) => svid.hint === hint)
  if (selected === undefined) {
    throw new WorkloadAPIError(
      'ERR_SPIFFE_WORKLOAD_API_HINT_UNKNOWN',
      `none of the ${svids.length} SVIDs of this workload has the hint ${printable(String(hint))}`,
    )
  }
  return selected
}

/** What the attempt gives; what it throws becomes the cause of a refusal that says which part of the message. */
export function orRefuse<T>(code: SpiffeErrorCode, detail: string, attempt: () => T): T {
  try {
    return attempt()
  } catch (cause) {
    throw new WorkloadAPIError(code, detail, { cause })
  }
}

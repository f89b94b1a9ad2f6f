import { expect } from 'vitest'
import type { Differences } from './conformance-page.ts'
import { isSame, type OurVerdict, type TheirVerdict } from './verdict.ts'

/** What we and others say, by the name of the case, for those where it is not the same. */
export function differences(
  cases: readonly { readonly name: string }[],
  us: readonly OurVerdict[],
  them: readonly TheirVerdict[],
): Differences {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  expect([us.length, them.length]).toEqual([cases.length, cases.length])
  const found: Record<string, { ours: string; theirs: string }> = {}
  for (const [at, { name }] of cases.entries()) {
    const ours = us[at]
    const theirs = them[at]
    if (ours === undefined || theirs === undefined) throw new Error(`${name} was not judged`)
    if (isSame(ours, theirs)) continue
    found[name] = {
      ours: 'refusal' in ours ? `\`${ours.refusal.code}\`` : 'accepts',
      theirs: 'error' in theirs ? 'refuses' : 'accepts',
    }
  }
  return found
}

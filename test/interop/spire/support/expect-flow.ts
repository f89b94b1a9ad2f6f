import { expect } from 'vitest'
import type { FlowReport, Tally } from '../workload/protocol.ts'

/** What a flow of requests has to amount to. */
export interface ExpectedFlow {
  /** How many requests of each kind at least. */
  readonly requests: number
  /** How many times at least SVID or trust of the client were new: each time its pool begins anew. */
  readonly generations: number
}

const leastReused = 0.8

/** Checks that no request was lost, and that the pools and the fresh connections were what they are called. */
export function expectFlow({ tallies, failures }: FlowReport, { requests, generations }: ExpectedFlow): void {
  expect(failures).toEqual([])
  for (const tally of Object.values(tallies)) {
    expect(tally.failed).toBe(0)
    expect(tally.passed).toBeGreaterThanOrEqual(requests)
  }
  const { pooled, pooledBearer, fresh, freshBearer } = tallies
  for (const tally of [pooled, pooledBearer]) expectPooled(tally)
  for (const tally of [fresh, freshBearer]) expectFresh(tally)
  expect(pooled.opened + pooledBearer.opened).toBeGreaterThanOrEqual(generations)
}

function expectPooled({ passed, opened, reused }: Tally): void {
  expect(opened + reused).toBe(passed)
  expect(reused).toBeGreaterThan(passed * leastReused)
}

function expectFresh({ passed, opened, reused }: Tally): void {
  expect({ opened, reused }).toEqual({ opened: passed, reused: 0 })
}

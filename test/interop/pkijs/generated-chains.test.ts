import { test } from 'vitest'
import { compareGeneratedChains } from '../support/compare-chains.ts'
import { fewerCases } from '../support/tally.ts'
import { PKIjsOracle } from './support/pkijs-oracle.ts'

test(`${fewerCases} generated chains find the same verdict here and in pkijs, but for the documented kinds`, async () => {
  const tally = await compareGeneratedChains(new PKIjsOracle(), fewerCases)

  tally.expectDocumented('Generated chains, by pkijs')
}, 900_000)

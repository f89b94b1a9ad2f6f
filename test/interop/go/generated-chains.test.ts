import { afterAll, beforeAll, test } from 'vitest'
import { compareGeneratedChains } from '../support/compare-chains.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { Keeper } from '../support/keeper.ts'
import { manyCases } from '../support/tally.ts'
import { GoOracle } from './support/go-oracle.ts'
import { GoPeer } from './support/go-peer.ts'

describeWithGo(`${manyCases} generated chains`, () => {
  const keeper = Keeper.start()
  let go: GoPeer

  beforeAll(async () => {
    go = await GoPeer.build(keeper)
  })
  afterAll(() => keeper.close())

  test('find the same verdict here and in go-spiffe, but for the documented kinds', async () => {
    const tally = await compareGeneratedChains(new GoOracle(go), manyCases)

    tally.expectDocumented('Generated chains')
  }, 600_000)
})

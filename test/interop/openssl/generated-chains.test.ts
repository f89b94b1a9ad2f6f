import { afterAll, test } from 'vitest'
import { compareGeneratedChains } from '../support/compare-chains.ts'
import { describeUnlessMissing } from '../support/describe-unless-missing.ts'
import { Keeper } from '../support/keeper.ts'
import { fewerCases } from '../support/tally.ts'
import { missingForOpenSSL } from './support/openssl.ts'
import { OpenSSLOracle } from './support/openssl-oracle.ts'

describeUnlessMissing(missingForOpenSSL, `${fewerCases} generated chains`, () => {
  const keeper = Keeper.start()
  afterAll(() => keeper.close())

  test('find the same verdict here and by the openssl command, but for the documented kinds', async () => {
    const tally = await compareGeneratedChains(new OpenSSLOracle(keeper), fewerCases)

    tally.expectDocumented('Generated chains, by the openssl command')
  }, 900_000)
})

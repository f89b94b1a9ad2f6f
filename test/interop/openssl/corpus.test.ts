import { afterAll, expect, test } from 'vitest'
import { X509Bundle, X509BundleSet } from '../../../src/bundle/index.ts'
import { x509svid } from '../../../src/svid/index.ts'
import { partnerRoot, root, x509Cases } from '../corpus/x509.ts'
import { documentedDifferences } from '../support/conformance-page.ts'
import { describeUnlessMissing } from '../support/describe-unless-missing.ts'
import { differences } from '../support/differences.ts'
import { Keeper } from '../support/keeper.ts'
import { judge } from '../support/verdict.ts'
import { missingForOpenSSL } from './support/openssl.ts'
import { OpenSSLOracle } from './support/openssl-oracle.ts'

describeUnlessMissing(missingForOpenSSL, 'our validator and the openssl command', () => {
  const keeper = Keeper.start()
  afterAll(() => keeper.close())

  test('agree on each X.509 chain but for the documented ones', async () => {
    const oracle = new OpenSSLOracle(keeper)
    const { role } = oracle
    const now = new Date(Math.floor(Date.now() / 1000) * 1000)
    const partner = X509Bundle.fromX509Authorities('partner.example', [partnerRoot.der])
    const cases = x509Cases.map(({ name, chain, authorities = [root] }) => ({
      name,
      chain,
      acme: authorities.map(({ der }) => der),
    }))

    const theirs = await oracle.judge(
      // It knows one set of authorities and no trust domains.
      cases.map(({ chain, acme }) => ({ chain, authorities: [...acme, partnerRoot.der] })),
      now,
    )
    const us = await Promise.all(
      cases.map(({ chain, acme }) => {
        const bundles = X509BundleSet.from([X509Bundle.fromX509Authorities('acme.internal', acme), partner])
        return judge(() => x509svid.verify(chain, bundles, { now, role }))
      }),
    )

    expect(differences(cases, us, theirs)).toEqual(
      documentedDifferences('X509-SVIDs, by the openssl command'),
    )
  })
})

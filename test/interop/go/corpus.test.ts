import { afterAll, beforeAll, expect, test } from 'vitest'
import { JWTBundleSet, X509Bundle, X509BundleSet } from '../../../src/bundle/index.ts'
import { jwtsvid, x509svid } from '../../../src/svid/index.ts'
import { bundleOf } from '../../support/jwt.ts'
import { jwtCases, signers } from '../corpus/jwt.ts'
import type { JWTCase } from '../corpus/tokens.ts'
import { partnerRoot, root, type X509Case, x509Cases } from '../corpus/x509.ts'
import { documentedDifferences } from '../support/conformance-page.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { differences } from '../support/differences.ts'
import { Keeper } from '../support/keeper.ts'
import { judge } from '../support/verdict.ts'
import { GoPeer } from './support/go-peer.ts'

const madeAt = new Date()
const tokens = jwtCases()

describeWithGo('our validators and those of go-spiffe', () => {
  const keeper = Keeper.start()
  let go: GoPeer

  beforeAll(async () => {
    go = await GoPeer.build(keeper)
  })
  afterAll(() => keeper.close())

  test('agree on each X.509 chain but for the documented ones', async () => {
    const now = new Date(Math.floor(Date.now() / 1000) * 1000)
    const authoritiesOf = ({ authorities = [root] }: X509Case) => authorities.map(({ der }) => der)

    const theirs = await go.judge(
      Object.fromEntries(
        x509Cases.map((one) => [
          one.name,
          {
            x509: { 'acme.internal': Buffer.concat(authoritiesOf(one)), 'partner.example': partnerRoot.der },
          },
        ]),
      ),
      x509Cases.map(({ name, chain }) => ({ within: name, chain, now })),
    )
    const us = await Promise.all(
      x509Cases.map((one) => {
        const bundles = X509BundleSet.from([
          X509Bundle.fromX509Authorities('acme.internal', authoritiesOf(one)),
          X509Bundle.fromX509Authorities('partner.example', [partnerRoot.der]),
        ])
        return judge(() => x509svid.verify(one.chain, bundles, { now }))
      }),
    )

    expect(x509Cases.length).toBeGreaterThanOrEqual(60)
    expect(us.filter((one) => 'id' in one).length).toBeGreaterThanOrEqual(30)
    expect(differences(x509Cases, us, theirs)).toEqual(documentedDifferences('X509-SVIDs'))
  })

  test('agree on each token but for the documented ones', async () => {
    const bundle = bundleOf('acme.internal', ...signers)
    const audienceOf = (one: JWTCase) => one.audience ?? (['orders'] as const)

    const theirs = await go.judge(
      { acme: { jwt: { 'acme.internal': bundle.marshal() } } },
      tokens.map((one) => ({ within: 'acme', token: one.token, audience: audienceOf(one) })),
    )
    const us = await Promise.all(
      tokens.map((one) =>
        judge(() =>
          jwtsvid.parseAndValidate(one.token, JWTBundleSet.from([bundle]), audienceOf(one), { now: madeAt }),
        ),
      ),
    )

    expect(tokens.length).toBeGreaterThanOrEqual(60)
    expect(us.filter((one) => 'id' in one).length).toBeGreaterThanOrEqual(20)
    expect(differences(tokens, us, theirs)).toEqual(documentedDifferences('JWT-SVIDs'))
  })
})

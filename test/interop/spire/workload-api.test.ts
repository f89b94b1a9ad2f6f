import { afterAll, beforeAll, expect, test } from 'vitest'
import { jwtCases } from '../corpus/jwt.ts'
import { documentedDifferences } from '../support/conformance-page.ts'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'
import type { Verdict } from './workload/protocol.ts'

const checkout = 'spiffe://acme.internal/checkout'

describeWithSpire('the Workload API of SPIRE', () => {
  const keeper = Keeper.start()
  let spire: Deployment
  let workload: WorkloadProcess

  beforeAll(async () => {
    spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
    await spire.server.createEntry({ spiffeID: checkout, uid: uids.checkout, hint: 'internal' })
    workload = spire.workload(uids.checkout)
    await workload.next('update')
  })
  afterAll(() => keeper.close())

  test('answers each of its five calls', async () => {
    workload.send({ do: 'makeAllCalls', audience: 'orders' })

    const { results } = await workload.next('calls')

    const one = [expect.any(String)]
    expect(results).toEqual({
      fetchX509SVID: {
        identities: [expect.objectContaining({ id: checkout, hint: 'internal' })],
        authorities: { 'acme.internal': one },
      },
      fetchX509Bundles: { 'acme.internal': one },
      fetchJWTSVID: [{ id: checkout, hint: 'internal', audience: ['orders'] }],
      fetchJWTBundles: { 'acme.internal': one },
      validateJWTSVID: { id: checkout, audience: ['orders'] },
    })
  })

  test('judges tokens as we do but for the documented ones', async () => {
    const cases = jwtCases(await spire.server.jwtSigner()).filter(({ audience }) => audience === undefined)

    const differences: Record<string, unknown> = {}
    let good = 0
    for (const { name, token } of cases) {
      const { remote, local } = await workload.validate(token, 'orders')
      if (idIn(local) !== idIn(remote)) differences[name] = difference(local, remote)
      else if (idIn(local) !== undefined) good += 1
    }

    expect(differences).toEqual(documentedDifferences('JWT-SVIDs, by an agent of SPIRE'))
    expect(cases.length).toBeGreaterThan(60)
    expect(good).toBeGreaterThanOrEqual(15)
  })
})

const idIn = (verdict: Verdict): string | undefined => ('id' in verdict ? verdict.id : undefined)

const difference = (ours: Verdict, theirs: Verdict) => ({
  ours: 'error' in ours ? `\`${ours.error.code}\`` : 'accepts',
  theirs: 'error' in theirs ? 'refuses' : 'accepts',
})

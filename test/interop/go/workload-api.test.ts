import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { WorkloadAPI } from '../../../src/testing/index.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { Keeper } from '../support/keeper.ts'
import { GoPeer } from './support/go-peer.ts'

const id = 'spiffe://acme.internal/orders'

describeWithGo('go-spiffe with our testing Workload API as its agent', () => {
  const keeper = Keeper.start()
  let go: GoPeer
  let api: WorkloadAPI

  beforeAll(async () => {
    go = await GoPeer.build(keeper)
  })
  afterAll(() => keeper.close())
  beforeEach(async () => {
    api = await WorkloadAPI.start({ trustDomain: 'acme.internal', intermediates: 1 })
  })
  afterEach(() => api.close())

  test('gets an identity that verifies, with its hint and its chain, and the bundles', async () => {
    const program = go.workload(api.workload(id, { hint: 'internal' }).address)

    const { svids, bundles } = await program.next('x509Context')

    expect(svids).toEqual([{ id, hint: 'internal', serial: expect.any(String), chain: 2, verified: id }])
    expect(bundles).toEqual({ 'acme.internal': [expect.any(String)] })
    await expect.poll(() => program.all('x509Bundles')[0]?.bundles).toEqual(bundles)
    await expect
      .poll(() => program.all('jwtBundles')[0]?.bundles)
      .toEqual({ 'acme.internal': [expect.any(String)] })
    await program.close()
  })

  test('follows 100 rotations of its SVID, and each verifies', async () => {
    const program = go.workload(api.workload(id).address)
    await program.next('x509Context')

    for (let rotation = 1; rotation <= 100; rotation++) {
      await api.rotateSVIDs()
      await program.next('x509Context')
    }

    const updates = program.all('x509Context')
    expect(updates.map(({ error, svids }) => ({ error, verified: svids?.[0]?.verified }))).toEqual(
      Array(101).fill({ error: undefined, verified: id }),
    )
    expect(new Set(updates.map(({ svids }) => svids?.[0]?.serial)).size).toBe(101)
    await program.close()
  })

  test('follows 20 rotations of both authorities, and never sees an SVID without the trust it needs', async () => {
    const program = go.workload(api.workload(id).address)
    const first = await program.next('x509Context')

    for (let rotation = 1; rotation <= 20; rotation++) {
      await api.rotateX509Authority()
      await api.rotateJWTAuthority()
    }
    const last = api.authority.x509Bundle.x509Authorities.map((one) =>
      BigInt(`0x${one.serialNumber}`).toString(16),
    )
    await program.next('x509Context', ({ bundles }) => String(bundles?.['acme.internal']) === String(last))

    const updates = program.all('x509Context')
    expect(updates.filter(({ error }) => error !== undefined)).toEqual([])
    expect(updates.at(-1)?.bundles).not.toEqual(first.bundles)
    const kids = [...api.authority.jwtBundle.jwtAuthorities.keys()].sort()
    await expect.poll(() => program.all('jwtBundles').at(-1)?.bundles?.['acme.internal']).toEqual(kids)
    await program.close()
  })

  test('fetches a token and has it validated, and not for another audience', async () => {
    const program = go.workload(api.workload(id).address)

    program.send({ fetch: { Audience: 'orders', ExtraAudiences: ['billing'] } })
    const { svids: [svid] = [] } = await program.next('fetched')
    expect(svid).toMatchObject({ id, audience: ['orders', 'billing'] })

    program.send({ validate: svid?.token, audience: 'billing' })
    expect(await program.next('validated')).toMatchObject({ svids: [{ id }] })
    program.send({ validate: svid?.token, audience: 'shipping' })
    expect(await program.next('validated')).toMatchObject({ status: 'InvalidArgument' })
    await program.close()
  })

  test('sees the statuses of a real agent: without an entry, for a missing audience, for a foreign ID', async () => {
    const registered = go.workload(api.workload(id).address)
    const unregistered = go.workload(api.workload().address)

    expect(await registered.next('x509Context')).toMatchObject({ svids: [{ id }] })
    expect(await unregistered.next('x509Context')).toMatchObject({ status: 'PermissionDenied' })
    registered.send({ fetch: { Audience: 'orders', Subject: 'spiffe://acme.internal/other' } })
    expect(await registered.next('fetched')).toMatchObject({ status: 'PermissionDenied' })
    registered.send({ validate: 'no.token.atall', audience: 'orders' })
    expect(await registered.next('validated')).toMatchObject({ status: 'InvalidArgument' })
    await Promise.all([registered.close(), unregistered.close()])
  })

  test('loses its identity with its entry and has one again with a new entry', async () => {
    const workload = api.workload(id)
    const program = go.workload(workload.address)
    await program.next('x509Context', ({ svids }) => svids?.length === 1)

    for (const entry of workload.entries) entry.delete()
    await program.next('x509Context', ({ status }) => status === 'PermissionDenied')
    await workload.register(id)

    expect(await program.next('x509Context', ({ svids }) => svids !== undefined)).toMatchObject({
      svids: [{ id }],
    })
    await program.close()
  })

  test('is given a federated bundle and loses it', async () => {
    await using partner = await WorkloadAPI.start({ trustDomain: 'partner.example' })
    const program = go.workload(api.workload(id).address)
    await program.next('x509Context')

    api.federate(partner)
    const both = await program.next('x509Context')
    api.dissociate('partner.example')
    const one = await program.next('x509Context')

    expect(Object.keys(both.bundles ?? {})).toEqual(['acme.internal', 'partner.example'])
    expect(Object.keys(one.bundles ?? {})).toEqual(['acme.internal'])
    await program.close()
  })
})

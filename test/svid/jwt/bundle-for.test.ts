import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { JWTBundle, JWTBundleSet } from '../../../src/bundle/index.ts'
import type { JWTBundleSource } from '../../../src/bundle/source.ts'
import { SpiffeError } from '../../../src/errors.ts'
import { TrustDomain } from '../../../src/spiffeid/index.ts'
import { parseAndValidate } from '../../../src/svid/jwt/index.ts'
import { bundleOf, goodClaims, NOW, signer, token } from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE, refusalOf, verdictOf } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/checkout'
const text = token(AUTHORITY)

/** A source that answers with whatever this gives. */
const answering = (answer: () => unknown): JWTBundleSource => ({
  getJWTBundle: () => answer() as JWTBundle | undefined,
})

it('asks the source for the trust domain of the token', async () => {
  const asked: TrustDomain[] = []
  const source: JWTBundleSource = {
    getJWTBundle: (trustDomain) => {
      asked.push(trustDomain)
      return BUNDLE
    },
  }
  expect(await verdictOf(text, {}, source)).toBe('accepted')
  expect(asked).toEqual([TrustDomain.parse('acme.internal')])
})

it('takes a bundle, a set and a source that takes its time', async () => {
  expect(await verdictOf(text, {}, BUNDLE)).toBe('accepted')
  expect(await verdictOf(text, {}, JWTBundleSet.from([BUNDLE, bundleOf('other.test')]))).toBe('accepted')
  expect(
    await verdictOf(
      text,
      {},
      answering(() => Promise.resolve(BUNDLE)),
    ),
  ).toBe('accepted')
  const later = (): Promise<JWTBundle> => new Promise((resolve) => setImmediate(resolve, BUNDLE))
  expect(await verdictOf(text, {}, answering(later))).toBe('accepted')
})

it('never validates one trust domain by the bundle of another, the right key in it or not', async () => {
  const other = bundleOf('other.test', AUTHORITY)
  expect(await verdictOf(text, {}, JWTBundleSet.from([BUNDLE, other]))).toBe('accepted')
  expect(await verdictOf(text, {}, JWTBundleSet.from([other]))).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_MISSING')
  expect(await verdictOf(text, {}, other)).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_MISSING')

  const mallory = signer('ES256', 'mallory')
  const set = JWTBundleSet.from([BUNDLE, bundleOf('other.test', mallory)])
  const own = token(mallory, { claims: goodClaims({ sub: 'spiffe://other.test/checkout' }) })
  expect(await verdictOf(own, {}, set)).toBe('accepted')
  expect(await verdictOf(token(mallory), {}, set)).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
})

it.each([
  ['at once', (bundle: JWTBundle) => bundle],
  ['later', async (bundle: JWTBundle) => bundle],
])('refuses the bundle of another trust domain that a source gives %s', async (_, give) => {
  expect(
    await verdictOf(
      text,
      {},
      answering(() => give(BUNDLE)),
    ),
  ).toBe('accepted')
  const refusal = await refusalOf(
    text,
    {},
    answering(() => give(bundleOf('other.test', AUTHORITY))),
  )
  expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_BUNDLE_FOREIGN', ID])
})

it.each([
  ['at once', () => undefined],
  ['later', async () => undefined],
])('refuses a trust domain of which a source has no bundle %s', async (_, give) => {
  const refusal = await refusalOf(text, {}, answering(give))
  expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_BUNDLE_MISSING', ID])
})

it('tells a trust domain without JWT authorities from one without the key', async () => {
  const empty = JWTBundle.parse('acme.internal', '{"keys":[]}')
  for (const kid of [AUTHORITY.kid, undefined]) {
    const text = token(AUTHORITY, { header: { kid } })
    expect(await verdictOf(text)).toBe('accepted')
    expect(await verdictOf(text, {}, empty)).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY')
    expect(await verdictOf(text, {}, bundleOf('acme.internal', signer('ES384')))).toBe(
      'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND',
    )
  }
})

it.each([
  ['null', null],
  ['a name', 'acme.internal'],
  ['an object like a bundle', { trustDomain: BUNDLE.trustDomain, jwtAuthorities: BUNDLE.jwtAuthorities }],
])('takes %s out of a source for a bug in it', async (_, answer) => {
  for (const give of [() => answer, async () => answer]) {
    await expect(parseAndValidate(text, answering(give), 'orders', { now: NOW })).rejects.toThrow(
      new TypeError('getJWTBundle must give a JWTBundle or undefined'),
    )
  }
})

it('lets the error of a source through, and gives any other failure a code', async () => {
  const closed = new SpiffeError('ERR_SPIFFE_JWT_BUNDLE_MALFORMED', 'a reason of its own')
  const network = new TypeError('fetch failed')
  for (const [failure, expected] of [
    [closed, closed],
    [network, { code: 'ERR_SPIFFE_JWT_SVID_BUNDLE_UNAVAILABLE', cause: network, spiffeID: ID }],
    ['no error', { code: 'ERR_SPIFFE_JWT_SVID_BUNDLE_UNAVAILABLE', cause: 'no error' }],
  ] as const) {
    const throwing = answering(() => {
      throw failure
    })
    const rejecting = answering(() => Promise.reject(failure))
    for (const source of [throwing, rejecting]) {
      await expect(parseAndValidate(text, source, 'orders', { now: NOW })).rejects.toMatchObject(expected)
    }
  }
})

it('waits no longer than the signal lets it', async () => {
  const reason = new Error('enough')
  const never = answering(() => new Promise(() => {}))
  const aborted = AbortSignal.abort(reason)
  for (const source of [never, BUNDLE]) {
    await expect(parseAndValidate(text, source, 'orders', { now: NOW, signal: aborted })).rejects.toBe(reason)
  }

  const controller = new AbortController()
  const waiting = parseAndValidate(text, never, 'orders', { now: NOW, signal: controller.signal })
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
})

it('is aborted by a source that aborts it', async () => {
  const reason = new Error('enough')
  for (const answer of [() => new Promise(() => {}), () => Promise.reject(new Error('aborted'))]) {
    const controller = new AbortController()
    const source = answering(() => {
      controller.abort(reason)
      return answer()
    })
    const options = { now: NOW, signal: controller.signal }
    await expect(parseAndValidate(text, source, 'orders', options)).rejects.toBe(reason)
  }
})

it('is not held up by a signal that does not abort, and leaves no listener on it', async () => {
  const controller = new AbortController()
  const later = answering(() => new Promise((resolve) => setImmediate(resolve, BUNDLE)))
  for (const source of [BUNDLE, later]) {
    expect(await verdictOf(text, { signal: controller.signal }, source)).toBe('accepted')
  }
  const failing = answering(() => Promise.reject(new Error('no')))
  expect(await verdictOf(text, { signal: controller.signal }, failing)).toBe(
    'ERR_SPIFFE_JWT_SVID_BUNDLE_UNAVAILABLE',
  )
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})

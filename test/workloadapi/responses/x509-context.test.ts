import { describe, expect, it } from 'vitest'
import type { SpiffeError } from '../../../src/errors.ts'
import type { X509Context } from '../../../src/svid/source.ts'
import { WorkloadAPIError } from '../../../src/workloadapi/index.ts'
import { readX509Context } from '../../../src/workloadapi/responses/x509-context.ts'
import { concatenated, mintCA, mintLeaf } from '../../support/mint.ts'
import {
  acme,
  authorityNamed,
  HOUR_MS,
  inMs,
  NOW,
  ORDERS,
  partner,
  strangeKey,
  type X509Content,
  x509Response,
  x509SVID,
} from '../messages.ts'

const BILLING = 'spiffe://acme.internal/billing'

function read(response: X509Content, skipped: SpiffeError[] = []): X509Context {
  return readX509Context(response, (error) => skipped.push(error), NOW)
}

function refusalOf(response: X509Content): WorkloadAPIError {
  try {
    read(response)
  } catch (error) {
    if (error instanceof WorkloadAPIError) return error
    throw error
  }
  throw new Error('it was accepted')
}

function codeOf(response: X509Content): string {
  return refusalOf(response).code.replace('ERR_SPIFFE_WORKLOAD_API_', '')
}

describe('a message with identities', () => {
  it('is read as a whole: SVIDs in their order, the first as default, and their trust', () => {
    const context = read(
      x509Response([x509SVID({ hint: 'a' }), x509SVID({}, { id: BILLING })], {
        'spiffe://partner': partner.der,
      }),
    )
    expect(context.svids.map(({ id, hint }) => [id.uri, hint])).toEqual([
      [ORDERS, 'a'],
      [BILLING, undefined],
    ])
    expect(context.svid).toBe(context.svids[0])
    expect([...context.bundles].map(({ trustDomain }) => trustDomain.name)).toEqual([
      'acme.internal',
      'partner',
    ])
  })

  it('cannot be changed', () => {
    const context = read(x509Response())
    expect(() => Object.assign(context, { svid: undefined })).toThrow(TypeError)
    expect(() => (context.svids as unknown[]).pop()).toThrow(TypeError)
  })

  it('may hold chains, and identities of several trust domains', () => {
    const intermediate = mintCA({
      subject: 'CN=intermediate',
      issuer: acme,
      notBefore: inMs(-HOUR_MS),
      notAfter: inMs(HOUR_MS),
    })
    const leaf = mintLeaf(ORDERS, intermediate, { notBefore: inMs(-HOUR_MS), notAfter: inMs(HOUR_MS) })
    const context = read(
      x509Response([
        x509SVID({ x509SVID: concatenated(leaf, intermediate), x509SVIDKey: leaf.keyDER }),
        x509SVID({}, { id: 'spiffe://partner/orders', issuer: partner }),
      ]),
    )
    expect(context.svid.certificates).toHaveLength(2)
    expect(context.bundles.size).toBe(2)
  })

  it('is refused without any', () => {
    expect(codeOf(x509Response([]))).toBe('FIELD_EMPTY')
  })

  it.each([
    ['spiffe_id', { spiffeID: '' }],
    ['x509_svid', { x509SVID: new Uint8Array() }],
    ['x509_svid_key', { x509SVIDKey: new Uint8Array() }],
    ['bundle', { bundle: new Uint8Array() }],
  ])('is refused where an SVID has no %s', (name, changes) => {
    expect(read(x509Response([x509SVID()])).svids).toHaveLength(1)
    const error = refusalOf(x509Response([x509SVID(), x509SVID(changes, { id: BILLING })]))
    expect(error.code).toBe('ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY')
    expect(error.message).toContain(`without svids.${name}`)
  })

  it.each([
    ['is no certificate', { x509SVID: Buffer.from('?') }, 'SVID_INVALID'],
    [
      'has bytes after its certificates',
      { x509SVID: Buffer.concat([x509SVID().x509SVID, Buffer.from([0])]) },
      'SVID_INVALID',
    ],
    ['has no key that can be read', { x509SVIDKey: Buffer.from('?') }, 'SVID_INVALID'],
    ['has another key', { x509SVIDKey: strangeKey() }, 'SVID_INVALID'],
    ['is a CA', { x509SVID: acme.der, x509SVIDKey: acme.keyDER }, 'SVID_INVALID'],
    ['is of another ID than it says', { spiffeID: BILLING }, 'ID_MISMATCH'],
    ['is of an ID that is written otherwise', { spiffeID: 'spiffe://ACME.internal/orders' }, 'ID_MISMATCH'],
    ['has a bundle that cannot be read', { bundle: Buffer.from('?') }, 'BUNDLE_INVALID'],
    ['has the bundle of others', { bundle: partner.der }, 'SVID_UNTRUSTED'],
  ])('is refused where an SVID %s', (_, changes, code) => {
    expect(read(x509Response([x509SVID()])).svids).toHaveLength(1)
    const error = refusalOf(x509Response([x509SVID({}, { id: BILLING }), x509SVID(changes)]))
    expect(error.code).toBe(`ERR_SPIFFE_WORKLOAD_API_${code}`)
    if (code !== 'ID_MISMATCH') expect(error.cause).toBeInstanceOf(Error)
  })

  it('is refused where an SVID has expired, and not a moment before', () => {
    expect(read(x509Response([x509SVID({}, { notAfter: inMs(1000) })])).svids).toHaveLength(1)
    expect(codeOf(x509Response([x509SVID({}, { notAfter: inMs(0) })]))).toBe('SVID_EXPIRED')
    expect(codeOf(x509Response([x509SVID({}, { notAfter: inMs(-1000) })]))).toBe('SVID_EXPIRED')
    expect(refusalOf(x509Response([x509SVID({}, { notAfter: inMs(0) })])).message).toContain(
      '2030-01-01T00:00:00',
    )
  })

  it('is refused where the authority of an SVID has expired', () => {
    const expired = authorityNamed('expired', { notAfter: inMs(-1000) })
    expect(codeOf(x509Response([x509SVID({}, { issuer: expired })]))).toBe('SVID_UNTRUSTED')
  })

  it('is taken where an SVID is not valid yet: clocks differ, and the peer judges', () => {
    const svid = x509SVID({}, { notBefore: inMs(HOUR_MS), notAfter: inMs(2 * HOUR_MS) })
    expect(read(x509Response([svid])).svid.notBefore).toEqual(inMs(HOUR_MS))
  })

  it('is refused where two SVIDs of a trust domain come with different bundles', () => {
    const both = concatenated(acme, partner)
    const bothAgain = concatenated(partner, acme)
    const second = { id: BILLING }
    expect(
      read(x509Response([x509SVID({ bundle: both }), x509SVID({ bundle: bothAgain }, second)])).bundles.size,
    ).toBe(1)
    expect(codeOf(x509Response([x509SVID({ bundle: both }), x509SVID({}, second)]))).toBe('BUNDLE_CONFLICT')
  })

  it('keeps, of SVIDs with one hint, the first, and all without a hint', () => {
    const context = read(
      x509Response([
        x509SVID({ hint: 'a' }),
        x509SVID({ hint: 'a' }, { id: BILLING }),
        x509SVID({}, { id: BILLING }),
        x509SVID(),
        x509SVID({ hint: 'b' }, { id: BILLING }),
      ]),
    )
    expect(context.svids.map(({ id, hint }) => [id.path, hint])).toEqual([
      ['/orders', 'a'],
      ['/billing', undefined],
      ['/orders', undefined],
      ['/billing', 'b'],
    ])
  })

  it('says nothing of a key that it refuses', () => {
    const key = strangeKey()
    const error = refusalOf(x509Response([x509SVID({ x509SVIDKey: key })]))
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      expect(at.message).not.toContain(Buffer.from(key).toString('base64').slice(0, 12))
      expect(at.message).not.toContain(Buffer.from(key).toString('hex').slice(0, 12))
    }
  })

  it('quotes an ID from outside so that it can be logged', () => {
    const error = refusalOf(x509Response([x509SVID({ spiffeID: 'spiffe://a\n\u202e' })]))
    expect(error.message).toContain('"spiffe://a\\n\\u202e"')
  })
})

describe('a federated bundle', () => {
  const federated = (
    bundles: Readonly<Record<string, Uint8Array>>,
  ): { readonly trusted: readonly string[]; readonly skipped: readonly SpiffeError[] } => {
    const skipped: SpiffeError[] = []
    const { bundles: set } = read(x509Response([x509SVID()], bundles), skipped)
    return { trusted: [...set].map(({ trustDomain }) => trustDomain.name), skipped }
  }

  it('is trusted for its trust domain, under its ID or its bare name', () => {
    expect(federated({ 'spiffe://partner': partner.der, other: acme.der })).toEqual({
      trusted: ['acme.internal', 'other', 'partner'],
      skipped: [],
    })
  })

  it('may be empty: then the trust domain is known and nothing of it trusted', () => {
    const { bundles } = read(x509Response([x509SVID()], { 'spiffe://partner': new Uint8Array() }))
    expect(bundles.get('partner')?.isEmpty).toBe(true)
  })

  it.each([
    ['cannot be read', 'spiffe://broken', Buffer.from('?'), 'ERR_SPIFFE_X509_BUNDLE_MALFORMED'],
    [
      'is for our own trust domain',
      'spiffe://acme.internal',
      partner.der,
      'ERR_SPIFFE_WORKLOAD_API_BUNDLE_CONFLICT',
    ],
    [
      'is for our own trust domain by its name',
      'acme.internal',
      partner.der,
      'ERR_SPIFFE_WORKLOAD_API_BUNDLE_CONFLICT',
    ],
    [
      'is for an ID with a path',
      'spiffe://other/workload',
      partner.der,
      'ERR_SPIFFE_WORKLOAD_API_BUNDLE_CONFLICT',
    ],
    ['has a second under the ID', 'partner', acme.der, 'ERR_SPIFFE_WORKLOAD_API_BUNDLE_CONFLICT'],
    ['is for no trust domain', 'spiffe://Other', partner.der, 'ERR_SPIFFE_ID_UPPER_CASE'],
    ['is for nobody', '', partner.der, 'ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY'],
  ])('costs its trust domain alone where it %s', (_, key, der, because) => {
    const { trusted, skipped } = federated({ [key]: der, 'spiffe://partner': partner.der })
    expect(trusted).toEqual(['acme.internal', 'partner'])
    expect(skipped.map(({ code }) => code)).toEqual(['ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED'])
    expect(skipped[0]?.cause).toMatchObject({ code: because })
  })

  it('for our own trust domain does not take the place of ours', () => {
    const { bundles } = read(x509Response([x509SVID()], { 'spiffe://acme.internal': partner.der }))
    expect(bundles.get('acme.internal')?.rawX509Authorities).toEqual([new Uint8Array(acme.der)])
  })
})

import { describe, expect, it } from 'vitest'
import type { SpiffeErrorCode } from '../../../src/errors.ts'
import { verify } from '../../../src/svid/x509/index.ts'
import { type MintOptions, mint, mintCA, sanExtension } from '../../support/mint.ts'
import { bundleOf, refusalOf, verdict } from './verdict-of.ts'

const ROOT = mintCA()
const BUNDLE = bundleOf(ROOT)
const ID = 'spiffe://acme.internal/orders'

const verdictFor = (options: MintOptions, role?: 'client' | 'server'): string =>
  verdict([mint({ uris: [ID], issuer: ROOT, ...options })], BUNDLE, { role })

describe('the leaf of a peer', () => {
  it.each<[string, MintOptions]>([
    ['with what SPIRE puts into one', {}],
    ['without Key Usage', { keyUsage: false }],
    ['without Basic Constraints', { basicConstraints: false }],
    ['without Extended Key Usage', { eku: false }],
    ['with a Key Usage that is not critical', { keyUsageCritical: false }],
    ['with more usages of its key', { keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'] }],
    ['with a critical Extended Key Usage', { ekuCritical: true }],
    ['with Basic Constraints that are not critical', { basicConstraints: { cA: false, critical: false } }],
    ['without a subject', { subject: '' }],
    [
      'with names of other forms',
      { dns: ['orders.acme.internal'], ips: ['10.0.0.1', '::1'], names: [{ email: 'a@b' }] },
    ],
    ['with the longest ID', { uris: [`spiffe://acme.internal/${'a'.repeat(2025)}`] }],
  ])('passes %s', (_, options) => {
    expect(verdictFor(options)).toBe('accepted')
  })

  it.each<[string, MintOptions, SpiffeErrorCode]>([
    ['is a CA', { basicConstraints: { cA: true } }, 'ERR_SPIFFE_X509_SVID_LEAF_IS_CA'],
    [
      'may sign certificates',
      { keyUsage: ['digitalSignature', 'keyCertSign'] },
      'ERR_SPIFFE_X509_SVID_LEAF_MAY_SIGN',
    ],
    [
      'may sign revocation lists',
      { keyUsage: ['digitalSignature', 'cRLSign'] },
      'ERR_SPIFFE_X509_SVID_LEAF_MAY_SIGN',
    ],
    [
      'has an ID without a path',
      { uris: ['spiffe://acme.internal'] },
      'ERR_SPIFFE_X509_SVID_ID_WITHOUT_PATH',
    ],
    ['may not sign to authenticate', { keyUsage: ['keyEncipherment'] }, 'ERR_SPIFFE_X509_SVID_KEY_USAGE'],
    ['has no usage at all', { keyUsage: [] }, 'ERR_SPIFFE_X509_SVID_KEY_USAGE'],
    [
      'has no subject and no critical name',
      { subject: '', sanCritical: false },
      'ERR_SPIFFE_X509_SVID_SAN_NOT_CRITICAL',
    ],
    ['has no URI', { uris: [], dns: ['orders.acme.internal'] }, 'ERR_SPIFFE_X509_SVID_NO_URI_SAN'],
    ['has no alternative name', { uris: [] }, 'ERR_SPIFFE_X509_SVID_NO_URI_SAN'],
    ['has two URIs', { uris: [ID, 'https://acme.internal'] }, 'ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS'],
    ['has two IDs', { uris: [ID, 'spiffe://acme.internal/other'] }, 'ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS'],
    ['has its ID twice', { uris: [ID, ID] }, 'ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS'],
    [
      'has a URI that is no ID',
      { uris: ['https://acme.internal/orders'] },
      'ERR_SPIFFE_X509_SVID_ID_INVALID',
    ],
    [
      'has an ID in upper case',
      { uris: ['spiffe://ACME.internal/orders'] },
      'ERR_SPIFFE_X509_SVID_ID_INVALID',
    ],
    [
      'has an ID that is too long',
      { uris: [`spiffe://acme.internal/${'a'.repeat(2026)}`] },
      'ERR_SPIFFE_X509_SVID_ID_INVALID',
    ],
    [
      'has names that cannot be read',
      { uris: [], extensions: [{ oid: '2.5.29.17', value: Buffer.from([0x30, 0x00]) }] },
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
    ['has its names twice', { extensions: [sanExtension([{ uri: ID }])] }, 'ERR_SPIFFE_X509_SVID_MALFORMED'],
  ])('is refused when it %s', (_, options, code) => {
    expect(verdictFor({})).toBe('accepted')
    expect(verdictFor(options)).toBe(code)
  })

  it('is refused for its ID with the rule for IDs that it breaks', () => {
    const leaf = mint({ uris: ['spiffe://acme.internal/'], issuer: ROOT })
    const error = refusalOf(() => verify([leaf.der], BUNDLE))
    expect(error.cause).toMatchObject({ code: 'ERR_SPIFFE_ID_TRAILING_SLASH' })
  })

  it.each<[string, MintOptions['eku'] & {}, boolean, boolean]>([
    ['both purposes', ['serverAuth', 'clientAuth'], true, true],
    ['the purpose of a client', ['clientAuth'], true, false],
    ['the purpose of a server', ['serverAuth'], false, true],
    ['any purpose', ['any'], true, true],
    ['another purpose', ['codeSigning'], false, false],
    ['no list of purposes', false, true, true],
  ])('with %s', (_, eku, isClient, isServer) => {
    const code = (isAllowed: boolean): string =>
      isAllowed ? 'accepted' : 'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE'
    expect(verdictFor({ eku }, 'client')).toBe(code(isClient))
    expect(verdictFor({ eku }, 'server')).toBe(code(isServer))
    expect(verdictFor({ eku })).toBe('accepted')
  })
})

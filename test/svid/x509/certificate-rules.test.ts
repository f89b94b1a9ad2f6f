import { describe, expect, it } from 'vitest'
import type { SpiffeErrorCode } from '../../../src/errors.ts'
import { X509SVID } from '../../../src/svid/x509/x509-svid.ts'
import { ia5String, nullValue, octetString, oid, sequence } from '../../support/der-writer.ts'
import { type ExtensionInput, type MintOptions, mintCA, mintLeaf } from '../../support/mint.ts'
import { bundleOf, verdict, verdictOf } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/orders'
const UNKNOWN: ExtensionInput = { oid: '1.3.6.1.4.1.99999.1', value: nullValue() }

/** What becomes of leaf ← intermediate ← authority, with options for each. */
function verdictFor(
  options: { leaf?: MintOptions; intermediate?: MintOptions; authority?: MintOptions },
  now?: Date,
): string {
  const authority = mintCA({ subject: 'CN=authority', ...options.authority })
  const intermediate = mintCA({ subject: 'CN=intermediate', issuer: authority, ...options.intermediate })
  const leaf = mintLeaf(ID, intermediate, options.leaf)
  return verdict([leaf, intermediate], bundleOf(authority), { now })
}

const PLACES = ['leaf', 'intermediate', 'authority'] as const

describe.each(PLACES)('the %s of a path', (place) => {
  const FROM = new Date('2026-03-01T00:00:00Z')
  const TO = new Date('2026-03-02T00:00:00Z')
  const long = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') }
  const timed = (now: Date): string =>
    verdictFor(
      { leaf: long, intermediate: long, authority: long, [place]: { notBefore: FROM, notAfter: TO } },
      now,
    )

  it('is valid from the first moment to the last', () => {
    expect(timed(new Date(+FROM - 1))).toBe('ERR_SPIFFE_X509_SVID_NOT_YET_VALID')
    expect(timed(FROM)).toBe('accepted')
    expect(timed(TO)).toBe('accepted')
    expect(timed(new Date(+TO + 1))).toBe('ERR_SPIFFE_X509_SVID_EXPIRED')
  })

  it('may have extensions that nobody knows, unless they are critical', () => {
    expect(verdictFor({ [place]: { extensions: [UNKNOWN] } })).toBe('accepted')
    expect(verdictFor({ [place]: { extensions: [{ ...UNKNOWN, critical: true }] } })).toBe(
      'ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION',
    )
  })

  it.each([
    [
      'the Subject Key Identifier',
      {
        ski: false,
        extensions: [{ oid: '2.5.29.14', critical: true, value: octetString(Buffer.from('id')) }],
      },
    ],
    [
      'the Authority Key Identifier',
      { aki: false, extensions: [{ oid: '2.5.29.35', critical: true, value: sequence() }] },
    ],
    [
      'where to find revocation lists',
      { extensions: [{ oid: '2.5.29.31', critical: true, value: sequence() }] },
    ],
  ] satisfies [string, MintOptions][])(
    'is refused when it insists on %s, which is not processed',
    (_, options) => {
      expect(verdictFor({ [place]: options })).toBe('ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION')
      const relaxed = options.extensions.map((extension) => ({ ...extension, critical: false }))
      expect(verdictFor({ [place]: { ...options, extensions: relaxed } })).toBe('accepted')
    },
  )

  const policyWith = (qualifier: string, critical: boolean): MintOptions => ({
    extensions: [
      {
        oid: '2.5.29.32',
        critical,
        value: sequence(
          sequence(oid('1.2.3'), sequence(sequence(oid(qualifier), ia5String('https://acme.internal')))),
        ),
      },
    ],
  })

  it('may insist on policies with the qualifiers that are known, and no others', () => {
    const [known, unknown] = ['1.3.6.1.5.5.7.2.1', '1.3.6.1.4.1.99999.2'] as const
    expect(verdictFor({ [place]: policyWith(known, true) })).toBe('accepted')
    expect(verdictFor({ [place]: policyWith(unknown, false) })).toBe('accepted')
    expect(verdictFor({ [place]: policyWith(unknown, true) })).toBe('ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION')
  })

  it('is refused when anything in it cannot be read', () => {
    for (const oid of ['2.5.29.14', '2.5.29.30', '2.5.29.32', '2.5.29.33', '2.5.29.36', '2.5.29.54']) {
      const options = { ski: false, extensions: [{ oid, value: nullValue() }] } satisfies MintOptions
      expect(verdictFor({ [place]: options })).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
    }
    expect(verdictFor({ [place]: { ski: false } })).toBe('accepted')
  })
})

describe('an empty name', () => {
  const MALFORMED = 'ERR_SPIFFE_X509_SVID_MALFORMED'
  const root = mintCA({ subject: 'CN=root' })

  it('is that of no issuer', () => {
    expect(verdictFor({})).toBe('accepted')
    expect(verdictFor({ leaf: { issuerName: '' } })).toBe(MALFORMED)
    expect(verdictFor({ authority: { issuerName: '' } })).toBe(MALFORMED)
    const nameless = mintCA({ subject: '' })
    expect(verdict([mintLeaf(ID, nameless)], bundleOf(nameless))).toBe(MALFORMED)
    const named = mintCA({ subject: 'CN=named', issuer: nameless })
    expect(verdict([mintLeaf(ID, named), named], bundleOf(named))).toBe(MALFORMED)
  })

  it('is that of no CA', () => {
    const own = (subject: string): string => {
      const ca = mintCA({ subject, issuer: root })
      const leaf = mintLeaf(ID, ca, { issuerName: 'CN=ca' })
      return verdictOf(() => X509SVID.parse(leaf.pem + ca.pem, leaf.keyPEM))
    }
    expect(own('CN=ca')).toBe('accepted')
    expect(own('')).toBe(MALFORMED)
  })

  it('may be that of a leaf', () => {
    expect(verdictFor({ leaf: { subject: '', sanCritical: true } })).toBe('accepted')
  })
})

describe.each(['intermediate', 'authority'] as const)('the %s of a path', (place) => {
  it.each<[string, MintOptions]>([
    ['without Key Usage', { keyUsage: false }],
    ['that may sign certificates and nothing else', { keyUsage: ['keyCertSign'] }],
    ['with Basic Constraints that are not critical', { basicConstraints: { cA: true, critical: false } }],
    ['with an Extended Key Usage of its own', { eku: ['codeSigning'] }],
    ['with the ID of its trust domain', { uris: ['spiffe://acme.internal'] }],
    [
      'with the ID of another trust domain, and a path',
      { uris: ['spiffe://other.internal/ca', 'https://ca'] },
    ],
    ['without a name of its key', { ski: false, aki: false }],
  ])('may be one %s', (_, options) => {
    expect(verdictFor({ [place]: options })).toBe('accepted')
  })

  it.each<[string, MintOptions, SpiffeErrorCode]>([
    ['no CA', { basicConstraints: { cA: false } }, 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['without Basic Constraints', { basicConstraints: false }, 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['of version 1', { version: 1, onlyExtensions: [] }, 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['without keyCertSign', { keyUsage: ['cRLSign'] }, 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    [
      'a leaf',
      { isCA: false, uris: ['spiffe://acme.internal/other'] },
      'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN',
    ],
  ])('must not be one %s', (_, options, code) => {
    expect(verdictFor({})).toBe('accepted')
    expect(verdictFor({ [place]: options })).toBe(code)
  })
})

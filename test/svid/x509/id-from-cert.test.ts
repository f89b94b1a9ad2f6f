import { describe, expect, it } from 'vitest'
import { idFromCert } from '../../../src/svid/x509/index.ts'
import { nullValue } from '../../support/der-writer.ts'
import { type MintOptions, mint, mintCA } from '../../support/mint.ts'
import { refusalOf, verdictOf } from './verdict-of.ts'

const of = (options: MintOptions): string => verdictOf(() => idFromCert(mint(options).der))

describe('idFromCert', () => {
  it('reads the ID of a workload, and of an authority, out of DER and objects of node:crypto', () => {
    const leaf = mint({ uris: ['spiffe://acme.internal/orders'] })
    expect(idFromCert(leaf.der).toString()).toBe('spiffe://acme.internal/orders')
    expect(idFromCert(leaf.certificate).toString()).toBe('spiffe://acme.internal/orders')
    expect(idFromCert(mintCA({ uris: ['spiffe://acme.internal'] }).der).path).toBe('')
  })

  it.each<[string, MintOptions, string]>([
    ['no URI', { uris: [], dns: ['orders'] }, 'ERR_SPIFFE_X509_SVID_NO_URI_SAN'],
    ['two URIs', { uris: ['spiffe://a/b', 'spiffe://a/c'] }, 'ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS'],
    ['another URI', { uris: ['https://a/b'] }, 'ERR_SPIFFE_X509_SVID_ID_INVALID'],
    [
      'names that cannot be read',
      { uris: [], extensions: [{ oid: '2.5.29.17', value: nullValue() }] },
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
  ])('refuses a certificate with %s', (_, options, code) => {
    expect(of({ uris: ['spiffe://a/b'] })).toBe('accepted')
    expect(of(options)).toBe(code)
  })

  it('reads no ID out of the text of another name', () => {
    const dns = 'orders, URI:spiffe://acme.internal/admin'
    expect(of({ uris: [], dns: [dns] })).toBe('ERR_SPIFFE_X509_SVID_NO_URI_SAN')
    expect(idFromCert(mint({ uris: ['spiffe://acme.internal/orders'], dns: [dns] }).der).path).toBe('/orders')
  })

  it('refuses what is no certificate', () => {
    expect(refusalOf(() => idFromCert(Buffer.from('junk'))).cause).toMatchObject({
      code: 'ERR_SPIFFE_DER_MALFORMED',
    })
    expect(() => idFromCert('pem' as never)).toThrow(TypeError)
  })
})

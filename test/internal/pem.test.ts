import { describe, expect, it } from 'vitest'
import { SpiffeError } from '../../src/errors.ts'
import { decodePEM, encodePEM } from '../../src/internal/pem.ts'

const DER = Uint8Array.from({ length: 100 }, (_, i) => i)
const PEM = encodePEM('CERTIFICATE', DER)

const decoded = (text: string): (string | number)[][] =>
  decodePEM(text).map(({ label, der }) => [label, der.length])

function codeOf(text: string): string {
  try {
    decodePEM(text)
    return 'accepted'
  } catch (error) {
    if (error instanceof SpiffeError) return error.code
    throw error
  }
}

describe('encodePEM', () => {
  it('writes lines of 64 characters that decode to the same bytes', () => {
    expect(PEM.split('\n').map(({ length }) => length)).toEqual([27, 64, 64, 8, 25, 0])
    expect(decodePEM(PEM)).toEqual([{ label: 'CERTIFICATE', der: DER }])
  })
})

describe('encodePEM of nothing', () => {
  it('is a block that nobody takes for something', () => {
    expect(encodePEM('CERTIFICATE', new Uint8Array())).toBe(
      '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    )
  })
})

describe('decodePEM', () => {
  it.each([
    ['CRLF', PEM.replaceAll('\n', '\r\n')],
    ['CR alone', PEM.replaceAll('\n', '\r')],
    ['spaces at the ends of lines', PEM.replaceAll('\n', '  \n')],
    ['empty lines', PEM.replaceAll('\n', '\n\n')],
    ['text around it', `Bag Attributes\n  friendlyName: x\n${PEM}\n# the end\n`],
    ['a byte order mark before it', `\ufeff${PEM}`],
    ['a byte order mark before text before it', `\ufeff# a comment\n${PEM}`],
    ['dashes and boundaries within the text around it', `-----\n# no -----BEGIN X-----\n-----ENDS\n${PEM}`],
    ['a block that is commented out', `${PEM.replace(/^/gm, '# ')}\n${PEM}`],
    ['no line feed at the end', PEM.trimEnd()],
    [
      'one long line',
      `-----BEGIN CERTIFICATE-----\n${Buffer.from(DER).toString('base64')}\n-----END CERTIFICATE-----`,
    ],
  ])('takes %s', (_, text) => {
    expect(decoded(text)).toEqual([['CERTIFICATE', 100]])
  })

  it('gives the blocks in their order, and none where there are none', () => {
    expect(decoded(PEM + encodePEM('EC PRIVATE KEY', DER.subarray(0, 9)) + PEM)).toEqual([
      ['CERTIFICATE', 100],
      ['EC PRIVATE KEY', 9],
      ['CERTIFICATE', 100],
    ])
    expect(decoded('')).toEqual([])
    expect(decoded('no certificate here')).toEqual([])
  })

  it('reads only the blocks with a label that was asked for', () => {
    const encrypted =
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n!!!\n-----END RSA PRIVATE KEY-----\n'
    expect(decodePEM(encrypted + PEM, ['CERTIFICATE'])).toEqual([{ label: 'CERTIFICATE', der: DER }])
    expect(codeOf(encrypted + PEM)).toBe('ERR_SPIFFE_PEM_MALFORMED')
  })

  it.each([
    ['does not end', PEM.replace(/-----END[\s\S]*/, '')],
    ['ends with another label', PEM.replace('END CERTIFICATE', 'END CERTIFICATES')],
    ['begins again before it ends', PEM.replace(/-----END[\s\S]*/, PEM)],
    ['has a broken BEGIN line', PEM.replace('-----BEGIN CERTIFICATE-----', '-----BEGIN CERTIFICATE----')],
    ['has a broken END line', PEM.replace('-----END CERTIFICATE-----', '-----END CERTIFICATE----')],
    ['has headers', PEM.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n')],
    ['is empty', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
    ['has a character that is no base64', PEM.replace('\nA', '\n*')],
    ['is base64url', '-----BEGIN X-----\n-_-_\n-----END X-----\n'],
    ['lacks its padding', '-----BEGIN CERTIFICATE-----\nAAE\n-----END CERTIFICATE-----\n'],
    ['has padding within', '-----BEGIN CERTIFICATE-----\nAAE=AAE=\n-----END CERTIFICATE-----\n'],
    ['is not canonical', '-----BEGIN CERTIFICATE-----\nAAF=\n-----END CERTIFICATE-----\n'],
  ])('refuses a block that %s', (_, text) => {
    expect(codeOf(PEM)).toBe('accepted')
    expect(codeOf(text)).toBe('ERR_SPIFFE_PEM_MALFORMED')
  })

  it.each([
    ['blanks before', PEM.replace('-----BEGIN', '  -----BEGIN')],
    ['a tab before', PEM.replace('-----BEGIN', '\t-----BEGIN')],
    ['a second byte order mark before', `\ufeff\ufeff${PEM}`],
    ['a byte order mark of another file before', `${PEM}\ufeff${PEM}`],
    ['a character that is not seen before', `\u200b${PEM}`],
    ['text before', `x${PEM}`],
    ['too few dashes', PEM.slice(1)],
    ['blanks before all of its lines', PEM.trimEnd().replace(/^/gm, '  ')],
    ['an end alone', '-----END CERTIFICATE-----'],
    ['an end of which something is before', ' -----END CERTIFICATE-----'],
  ])('passes over no block that has %s', (_, block) => {
    expect(decoded(PEM + PEM)).toHaveLength(2)
    expect(codeOf(`${block}\n${PEM}`)).toBe('ERR_SPIFFE_PEM_MALFORMED')
    expect(codeOf(`${PEM}${block}`)).toBe('ERR_SPIFFE_PEM_MALFORMED')
  })

  it('says of a key with a passphrase that it has headers', () => {
    expect(() => decodePEM(PEM.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n'))).toThrow(
      'has headers',
    )
  })

  it('does not show what a block holds in its refusal', () => {
    const secret = 'c2VjcmV0c2VjcmV0'
    expect(() => decodePEM(`-----BEGIN PRIVATE KEY-----\n${secret}*\n-----END PRIVATE KEY-----`)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    )
  })
})

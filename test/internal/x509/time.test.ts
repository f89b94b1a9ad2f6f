import { describe, expect, it } from 'vitest'
import { readDER } from '../../../src/internal/der.ts'
import { readTime } from '../../../src/internal/x509/time.ts'
import { tlv } from '../../support/der-writer.ts'
import { malformedOf } from '../malformed.ts'

const UTC = 0x17
const GENERALIZED = 0x18

const read = (tag: number, text: string): string =>
  new Date(readTime(readDER(tlv(tag, Buffer.from(text, 'latin1'))))).toISOString()

describe('readTime', () => {
  it.each([
    [UTC, '260101000000Z', '2026-01-01T00:00:00.000Z'],
    [UTC, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [UTC, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [UTC, '991231235959Z', '1999-12-31T23:59:59.000Z'],
    [UTC, '240229120000Z', '2024-02-29T12:00:00.000Z'],
    [GENERALIZED, '20500101000000Z', '2050-01-01T00:00:00.000Z'],
    [GENERALIZED, '20400630235959Z', '2040-06-30T23:59:59.000Z'],
    [GENERALIZED, '20000229000000Z', '2000-02-29T00:00:00.000Z'],
    [GENERALIZED, '00010101000000Z', '0001-01-01T00:00:00.000Z'],
    [GENERALIZED, '99991231235959Z', '9999-12-31T23:59:59.000Z'],
  ])('reads %i %s', (tag, text, expected) => {
    expect(read(tag, text)).toBe(expected)
  })

  it.each([
    ['no seconds', UTC, '2601010000Z'],
    ['an offset', UTC, '260101000000+0000'],
    ['no zone', UTC, '260101000000'],
    ['a small z', UTC, '260101000000z'],
    ['four digits for the year of a UTCTime', UTC, '20260101000000Z'],
    ['two digits for the year of a GeneralizedTime', GENERALIZED, '260101000000Z'],
    ['fractions', GENERALIZED, '20260101000000.5Z'],
    ['something after it', UTC, '260101000000Z\n'],
    ['something before it', UTC, ' 260101000000Z'],
    ['a digit before it', GENERALIZED, '120260101000000Z'],
    ['letters', UTC, '26o101000000Z'],
    ['nothing', UTC, ''],
    ['no month 0', UTC, '260001000000Z'],
    ['no month 13', UTC, '261301000000Z'],
    ['no day 0', UTC, '260100000000Z'],
    ['no 32nd of January', UTC, '260132000000Z'],
    ['no 29th of February in 2026', UTC, '260229000000Z'],
    ['no 29th of February in 2100', GENERALIZED, '21000229000000Z'],
    ['no hour 24', UTC, '260101240000Z'],
    ['no minute 60', UTC, '260101006000Z'],
    ['no second 60', UTC, '260101000060Z'],
    ['another type', 0x16, '260101000000Z'],
  ])('refuses %s', (_, tag, text) => {
    expect(malformedOf(() => read(UTC, '260101000000Z'))).toBeUndefined()
    expect(malformedOf(() => read(tag, text))).toBeDefined()
  })
})

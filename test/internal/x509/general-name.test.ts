import { describe, expect, it } from 'vitest'
import { readDER } from '../../../src/internal/der.ts'
import { readGeneralName, readGeneralNames } from '../../../src/internal/x509/general-name.ts'
import { constructed, integer, oid, primitive, sequence } from '../../support/der-writer.ts'
import { generalNameDER, type NameInput, nameDER, otherNameDER } from '../../support/mint.ts'
import { malformedOf } from '../malformed.ts'

const read = (name: NameInput): ReturnType<typeof readGeneralName> =>
  readGeneralName(readDER(generalNameDER(name)))

describe('readGeneralName', () => {
  it.each<[NameInput, string, unknown]>([
    [{ uri: 'spiffe://acme.internal/orders' }, 'uri', 'spiffe://acme.internal/orders'],
    [{ dns: 'orders.acme.internal' }, 'dns', 'orders.acme.internal'],
    [{ email: 'orders@acme.internal' }, 'email', 'orders@acme.internal'],
    [{ ip: '10.1.2.3' }, 'ip', Buffer.from([10, 1, 2, 3])],
    [{ ip: '2001:db8::1' }, 'ip', Buffer.from('20010db8000000000000000000000001', 'hex')],
  ])('reads %j', (input, form, value) => {
    expect(read(input)).toEqual({ form, value })
  })

  it('reads a directory name', () => {
    const name = read({ directory: 'O=acme' })
    expect(name.form === 'directory' && name.value.raw).toEqual(nameDER('O=acme'))
  })

  it.each([
    ['other', otherNameDER('1.3.6.1.4.1.311.20.2.3', 'orders@acme')],
    ['x400', constructed(3)],
    ['ediParty', constructed(5, constructed(1, integer(1)))],
    ['registeredID', primitive(8, oid('1.2.3').subarray(2))],
  ])('knows the form %s by its tag', (form, raw) => {
    expect(read({ raw })).toEqual({ form })
  })

  it.each([
    ['a URI beyond ASCII', primitive(6, Buffer.from('spiffe://acme.internal/ä', 'utf8'))],
    ['a constructed URI', constructed(6, integer(1))],
    ['a constructed DNS name', constructed(2, integer(1))],
    ['a DNS name beyond ASCII', primitive(2, Buffer.from([0xff]))],
    ['an e-mail address beyond ASCII', primitive(1, Buffer.from([0xff]))],
    ['a primitive directory name', primitive(4, nameDER('O=acme'))],
    ['an empty directory name', constructed(4)],
    ['two names in a directory name', constructed(4, nameDER('O=a'), nameDER('O=b'))],
    ['a directory name of another type', constructed(4, integer(1))],
    ['a form 9', primitive(9, Buffer.from('x'))],
    ['a plain string', Buffer.from([0x16, 1, 0x61])],
  ])('refuses %s', (_, raw) => {
    expect(malformedOf(() => read({ uri: 'spiffe://acme.internal/a' }))).toBeUndefined()
    expect(malformedOf(() => read({ raw }))).toBeDefined()
  })
})

describe('readGeneralNames', () => {
  it('reads one or more, under SEQUENCE or another tag', () => {
    const names = [generalNameDER({ uri: 'a' }), generalNameDER({ dns: 'b' })]
    expect(readGeneralNames(readDER(sequence(...names))).map(({ form }) => form)).toEqual(['uri', 'dns'])
    expect(readGeneralNames(readDER(constructed(1, ...names)), 0xa1)).toHaveLength(2)
    expect(malformedOf(() => readGeneralNames(readDER(sequence())))).toBeDefined()
    expect(malformedOf(() => readGeneralNames(readDER(constructed(1, ...names))))).toBeDefined()
  })
})

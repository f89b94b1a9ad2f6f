import { describe, expect, it } from 'vitest'
import { readDER } from '../../../src/internal/der.ts'
import { type GeneralName, readGeneralName } from '../../../src/internal/x509/general-name.ts'
import { isWithin } from '../../../src/svid/x509/name-subtree.ts'
import { generalNameDER, type NameInput, otherNameDER } from '../../support/mint.ts'

const read = (name: NameInput): GeneralName => readGeneralName(readDER(generalNameDER(name)))
const within = (name: NameInput, base: NameInput): boolean | undefined => isWithin(read(name), read(base))

describe('a URI', () => {
  it.each<[string, string, boolean | undefined]>([
    ['spiffe://acme.internal/orders', 'acme.internal', true],
    ['spiffe://acme.internal', 'acme.internal', true],
    ['spiffe://acme.internal/orders', 'ACME.Internal', true],
    ['SPIFFE://Acme.INTERNAL/orders', 'acme.internal', true],
    ['spiffe://eu.acme.internal/orders', 'acme.internal', false],
    ['spiffe://acme.internal.evil/orders', 'acme.internal', false],
    ['spiffe://evilacme.internal/orders', 'acme.internal', false],
    ['spiffe://evil/acme.internal', 'acme.internal', false],
    ['spiffe://eu.acme.internal/orders', '.acme.internal', true],
    ['spiffe://a.b.acme.internal/orders', '.ACME.internal', true],
    ['spiffe://acme.internal/orders', '.acme.internal', false],
    ['spiffe://.acme.internal/orders', '.acme.internal', false],
    ['spiffe://evilacme.internal/orders', '.acme.internal', false],
    ['https://acme.internal:8443/orders', 'acme.internal', true],
    ['https://acme.internal:/orders', 'acme.internal', true],
    ['https://user:secret@acme.internal/orders', 'acme.internal', true],
    ['https://acme.internal@evil/orders', 'acme.internal', false],
    ['https://acme.internal?q', 'acme.internal', true],
    ['https://acme.internal#f', 'acme.internal', true],
    ['https://evil?@acme.internal', 'acme.internal', false],
    ['spiffe://10.0.0.1/orders', 'acme.internal', undefined],
    ['https://[::1]/orders', 'acme.internal', undefined],
    ['urn:acme.internal:orders', 'acme.internal', undefined],
    ['mailto:orders@acme.internal', 'acme.internal', undefined],
    ['spiffe:///orders', 'acme.internal', undefined],
    ['//acme.internal/orders', 'acme.internal', undefined],
    ['spiffe://acme%2einternal/orders', 'acme.internal', undefined],
    ['spiffe://acme.internal\\@evil/orders', 'acme.internal', undefined],
    ['spiffe://a@b@acme.internal/orders', 'acme.internal', undefined],
    ['spiffe://acme.internal:80:80/orders', 'acme.internal', undefined],
    ['', 'acme.internal', undefined],
  ])('%s is within %s: %s', (uri, base, expected) => {
    expect(within({ uri }, { uri: base })).toBe(expected)
  })
})

describe('a DNS name', () => {
  it.each<[string, string, boolean | undefined]>([
    ['orders.acme.internal', 'acme.internal', true],
    ['acme.internal', 'acme.internal', true],
    ['ORDERS.acme.INTERNAL', 'Acme.internal', true],
    ['a.b.acme.internal', 'acme.internal', true],
    ['evilacme.internal', 'acme.internal', false],
    ['internal', 'acme.internal', false],
    ['anything', '', true],
    ['orders.acme.internal', '.acme.internal', true],
    ['acme.internal', '.acme.internal', false],
    ['*.acme.internal', 'acme.internal', true],
    ['*.acme.internal', '.acme.internal', true],
    ['*.acme.internal', 'orders.acme.internal', undefined],
    ['*.acme.internal', 'a.orders.acme.internal', false],
    ['*.acme.internal', 'orders.other.internal', false],
    ['*.acme.internal', 'internal', true],
    ['a.acme.internal', 'b.acme.internal', false],
    ['acme.internal.', 'acme.internal', undefined],
    ['acme..internal', 'internal', undefined],
    ['.acme.internal', 'acme.internal', undefined],
    ['a.*.acme.internal', 'acme.internal', undefined],
    ['*', 'acme.internal', undefined],
    ['', 'acme.internal', undefined],
    ['orders acme.internal', 'acme.internal', undefined],
  ])('%s is within %s: %s', (dns, base, expected) => {
    expect(within({ dns }, { dns: base })).toBe(expected)
  })
})

describe('an address', () => {
  it.each<[string, string, boolean]>([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.127.0.1', '10.0.0.0/9', true],
    ['10.128.0.1', '10.0.0.0/9', false],
    ['10.1.2.3', '10.1.2.3/32', true],
    ['10.1.2.4', '10.1.2.3/32', false],
    ['192.168.1.1', '0.0.0.0/0', true],
    ['10.1.2.3', '10.9.9.9/8', true],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['10.1.2.3', '::/0', false],
    ['::ffff:10.1.2.3'.replace('10.1.2.3', 'a01:203'), '10.0.0.0/8', false],
  ])('%s is within %s: %s', (ip, base, expected) => {
    expect(within({ ip }, { ip: base })).toBe(expected)
  })
})

describe('a name', () => {
  it('of the directory is within what it begins with', () => {
    expect(within({ directory: 'O=acme, CN=orders' }, { directory: 'O=ACME' })).toBe(true)
    expect(within({ directory: 'O=other, CN=orders' }, { directory: 'O=acme' })).toBe(false)
  })

  it('of a form that is not compared, or of another form, is neither within nor outside', () => {
    expect(within({ email: 'a@acme.internal' }, { email: 'acme.internal' })).toBeUndefined()
    const other = { raw: otherNameDER('1.2.3', 'x') }
    expect(within(other, other)).toBeUndefined()
    const names: NameInput[] = [{ uri: 'a://b' }, { dns: 'b' }, { ip: '10.0.0.1' }, { directory: 'O=b' }]
    for (const name of names)
      for (const base of names.filter((each) => each !== name)) {
        expect(within(name, base)).toBeUndefined()
      }
  })
})

import { describe, expect, it } from 'vitest'
import { readNameConstraints } from '../../../src/internal/x509/name-constraints.ts'
import { constructed, integer, primitive, sequence } from '../../support/der-writer.ts'
import {
  generalNameDER,
  type MintOptions,
  type NameInput,
  nameConstraintsExtension,
} from '../../support/mint.ts'
import { malformedOf } from '../malformed.ts'

type Constraints = NonNullable<MintOptions['nameConstraints']>

const read = (constraints: Constraints): ReturnType<typeof readNameConstraints> =>
  readNameConstraints(nameConstraintsExtension(constraints).value)

describe('readNameConstraints', () => {
  it('gives the subtrees that are permitted and excluded', () => {
    expect(read({ permitted: [{ uri: 'acme.internal' }, { dns: 'acme.internal' }] })).toEqual({
      permitted: new Map([
        ['uri', [{ form: 'uri', value: 'acme.internal' }]],
        ['dns', [{ form: 'dns', value: 'acme.internal' }]],
      ]),
      excluded: new Map(),
    })
    expect(read({ excluded: [{ email: 'acme.internal' }, { email: 'b' }] })).toEqual({
      permitted: new Map(),
      excluded: new Map([
        [
          'email',
          [
            { form: 'email', value: 'acme.internal' },
            { form: 'email', value: 'b' },
          ],
        ],
      ]),
    })
  })

  it.each<NameInput>([
    { uri: '.acme.internal' },
    { uri: 'acme' },
    { uri: 'A_b-c.d' },
    { uri: '999.1.1.1' },
    { dns: '' },
    { dns: '.acme.internal' },
    { dns: 'acme' },
    { ip: '10.0.0.0/8' },
    { ip: '10.0.0.0/0' },
    { ip: '10.1.2.3/32' },
    { ip: '2001:db8::/33' },
    { directory: 'O=acme' },
    { directory: '' },
  ])('takes the subtree %j', (subtree) => {
    expect(read({ permitted: [subtree] }).permitted.size).toBe(1)
  })

  it.each<[string, NameInput]>([
    ['an empty URI', { uri: '' }],
    ['a whole SPIFFE ID', { uri: 'spiffe://acme.internal' }],
    ['a host with a port', { uri: 'acme.internal:443' }],
    ['an IPv4 address for a host', { uri: '10.0.0.1' }],
    ['an IPv6 address for a host', { uri: '[::1]' }],
    ['two periods in front of a host', { uri: '..acme.internal' }],
    ['a period alone for a host', { uri: '.' }],
    ['a wildcard for a host', { uri: '*.acme.internal' }],
    ['a line feed after a host', { uri: 'acme.internal\n' }],
    ['a period at the end of a domain', { dns: 'acme.internal.' }],
    ['two periods within a domain', { dns: 'acme..internal' }],
    ['a wildcard in a domain', { dns: '*.acme.internal' }],
    ['a period alone for a domain', { dns: '.' }],
    ['an address range of 4 octets', { ip: Buffer.alloc(4) }],
    ['an address range of 16 octets', { ip: Buffer.alloc(16) }],
    ['an IPv4 mask with a hole', { ip: Buffer.from([10, 0, 0, 0, 255, 0, 255, 0]) }],
    ['a mask with a hole within an octet', { ip: Buffer.from([10, 0, 0, 0, 0b1010_0000, 0, 0, 0]) }],
    [
      'an IPv6 mask with a hole',
      { ip: Buffer.concat([Buffer.alloc(16), Buffer.alloc(8), Buffer.alloc(8, 255)]) },
    ],
  ])('refuses %s', (_, subtree) => {
    expect(malformedOf(() => read({ permitted: [subtree] }))).toBeDefined()
    expect(malformedOf(() => read({ excluded: [subtree] }))).toBeDefined()
  })

  const base = generalNameDER({ uri: 'acme.internal' })

  it.each([
    ['nothing in them', sequence()],
    ['an empty list of permitted subtrees', sequence(constructed(0))],
    ['an empty list of excluded subtrees', sequence(constructed(1))],
    ['excluded before permitted', sequence(constructed(1, sequence(base)), constructed(0, sequence(base)))],
    ['something more', sequence(constructed(0, sequence(base)), constructed(2))],
    ['a minimum', sequence(constructed(0, sequence(base, primitive(0, Buffer.from([0])))))],
    ['a maximum', sequence(constructed(0, sequence(base, primitive(1, Buffer.from([1])))))],
    ['a subtree without a base', sequence(constructed(0, sequence()))],
    ['another type', constructed(0, integer(1))],
  ])('refuses constraints with %s', (_, value) => {
    expect(malformedOf(() => readNameConstraints(sequence(constructed(0, sequence(base)))))).toBeUndefined()
    expect(malformedOf(() => readNameConstraints(value))).toBeDefined()
  })

  it('does not choke on a long constraint that is no domain', () => {
    expect(malformedOf(() => read({ permitted: [{ dns: `${'a'.repeat(50_000)}!` }] }))).toBeDefined()
    expect(malformedOf(() => read({ permitted: [{ dns: `${'a.'.repeat(20_000)}!` }] }))).toBeDefined()
  })
})

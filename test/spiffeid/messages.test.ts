import { expect, test } from 'vitest'
import {
  and,
  matchAny,
  matchID,
  matchPrefix,
  not,
  or,
  refusal,
  SpiffeID,
  TrustDomain,
  template,
  validatePath,
  validatePathSegment,
} from '../../src/spiffeid/index.ts'
import { detailOf } from '../support/detail-of.ts'

const orders = SpiffeID.parse('spiffe://acme.internal/orders')
const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzcGlmZmU6Ly90ZC9hIn0.c2lnbmF0dXJl'
const untyped = (value: unknown) => value as never
const long = 'a'.repeat(2048)

test.each<[detail: string, refused: () => unknown]>([
  ['the SPIFFE ID is empty', () => SpiffeID.parse('')],
  ['"https://acme.internal" does not start with "spiffe://"', () => SpiffeID.parse('https://acme.internal')],
  ['"Spiffe://acme.internal" has upper case in its scheme', () => SpiffeID.parse('Spiffe://acme.internal')],
  [`"spiffe://td/${long.slice(0, 108)}…" has 2060 characters`, () => SpiffeID.parse(`spiffe://td/${long}`)],
  ['"[JWT]" does not start with "spiffe://"', () => SpiffeID.parse(token)],
  ['"[JWT]" has "J" in its trust domain, at index 2', () => TrustDomain.parse(token)],
  [
    '"spiffe://td/?jwt=[JWT]" has "?" in its path, at index 12',
    () => SpiffeID.parse(`spiffe://td/?jwt=${token}`),
  ],
  ['the path "[JWT]" has no leading slash', () => validatePath(token)],
  ['TypeError: a SPIFFE ID must be a string, not number', () => SpiffeID.parse(untyped(7))],
  ['TypeError: a SPIFFE ID must be a string, not number', () => SpiffeID.parse(untyped(7), { fold: true })],
  ['the SPIFFE ID is not a string but of type number', () => SpiffeID.fromJSON(7)],
  ['TypeError: a URL object is needed', () => SpiffeID.fromURL(untyped('spiffe://td'))],

  ['"" names no trust domain', () => TrustDomain.parse('')],
  ['"spiffe:///orders" names no trust domain', () => SpiffeID.parse('spiffe:///orders')],
  ['"Acme" has "A" in its trust domain, at index 0', () => TrustDomain.parse('Acme')],
  ['"spiffe://a:1/x" has ":" in its trust domain, at index 10', () => SpiffeID.parse('spiffe://a:1/x')],
  [
    `the trust domain in "${long.slice(0, 120)}…" has 256 characters`,
    () => TrustDomain.parse(long.slice(0, 256)),
  ],
  [
    `the trust domain in "spiffe://${long.slice(0, 111)}…" has 256 characters`,
    () => SpiffeID.parse(`spiffe://${long.slice(0, 256)}/orders`),
  ],
  ['TypeError: a trust domain must be a string, not number', () => TrustDomain.parse(untyped(7))],
  ['TypeError: a trust domain must be a string, not number', () => TrustDomain.from(untyped(7))],
  ['the trust domain is not a string but of type object', () => TrustDomain.fromJSON(null)],

  ['the path "orders" has no leading slash', () => validatePath('orders')],
  ['"/a//b" has an empty path segment', () => validatePath('/a//b')],
  ['"spiffe://td/" ends with a slash', () => SpiffeID.parse('spiffe://td/')],
  ['"/a/../b" has a path segment "." or ".."', () => validatePath('/a/../b')],
  ['"/a%20b" has "%" in its path, at index 2', () => validatePath('/a%20b')],
  ['"/a?b" has "?" in its path, at index 2', () => validatePath('/a?b')],
  ['"/a b" has " " in its path, at index 2', () => validatePath('/a b')],
  ['TypeError: a path must be a string, not number', () => validatePath(untyped(7))],
  ['TypeError: a path segment must be a string, not number', () => validatePathSegment(untyped(7))],

  ['the path template "" has no segment', () => template('')],
  ['the path template "/{ns" has "{ns" where a variable would be', () => template('/{ns')],
  ['the path template "/{a}/{a}" has the same variable twice', () => template('/{a}/{a}')],
  ['TypeError: a path template must be a string, not number', () => template(untyped(7))],
  ['TypeError: where must be a function', () => template('/{a}').matcher('td', untyped(7))],
  [
    'TypeError: the value of {a} must be a string, not undefined',
    () => template('/{a}').fill('td', untyped({})),
  ],
  ['TypeError: each matcher must be a function', () => and(matchAny(), untyped(7))],
  ['TypeError: a matcher needs a SpiffeID to decide by', () => matchID(orders)(untyped(`${orders}`), 0)],
])('a refusal says: %s', async (detail, refused) => {
  expect(await detailOf(refused)).toBe(detail)
})

test.each([
  ['spiffe://acme.internal/orders is among those that are excluded', not(matchID(orders))],
  ['spiffe://acme.internal/orders does not fit spiffe://td/{a}', template('/{a}').matcher('td')],
  ['the authorizer failed: there is no matcher that could admit', not(or())],
  [
    'the authorizer failed: the prefix spiffe://td has no path: matchMemberOf is for whole trust domains',
    not(matchPrefix('spiffe://td')),
  ],
])('a matcher says: %s', (reason, matcher) => {
  expect(refusal(matcher, orders, undefined)).toBe(reason)
})

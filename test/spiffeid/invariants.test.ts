import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  and,
  type Matcher,
  matchMemberOf,
  matchPrefix,
  not,
  or,
  refusal,
  SpiffeID,
  TrustDomain,
  template,
} from '../../src/spiffeid/index.ts'
import { from, name, segment, segments, validID } from './arbitraries.ts'

const RUNS = { numRuns: 500 }

describe('whatever the ID', () => {
  it('is made by every way to the same value', () => {
    fc.assert(
      fc.property(name, segments, (trustDomain, parts) => {
        const path = parts.map((part) => `/${part}`).join('')
        const id = SpiffeID.parse(`spiffe://${trustDomain}${path}`)
        expect(id.trustDomain.name).toBe(trustDomain)
        expect(id.path).toBe(path)
        expect(id.segments).toEqual(parts)
        for (const same of [
          SpiffeID.fromPath(trustDomain, path),
          SpiffeID.fromSegments(TrustDomain.parse(trustDomain), ...parts),
          SpiffeID.fromURL(id.toURL()),
          SpiffeID.fromJSON(JSON.parse(JSON.stringify(id))),
          TrustDomain.parse(id.uri).id.appendPath(path),
          id.appendSegments('x').replaceSegments(...parts),
        ]) {
          expect(same).toEqual(id)
          expect(same.equals(id) && id.equals(same)).toBe(true)
        }
      }),
      RUNS,
    )
  })

  it('appending adds to the path and changes nothing else', () => {
    fc.assert(
      fc.property(validID, segments, (text, added) => {
        const id = SpiffeID.parse(text)
        const longer = id.appendSegments(...added)
        expect(longer.segments).toEqual([...id.segments, ...added])
        expect(longer.trustDomain.equals(id.trustDomain)).toBe(true)
      }),
    )
  })

  it('a prefix admits it exactly where its first segments are those of the prefix', () => {
    const few = fc.array(
      from('ab').chain((a) => from('ab').map((b) => a + b)),
      { maxLength: 3 },
    )
    fc.assert(
      fc.property(few, few, from('ab'), from('ab'), (prefix, parts, one, other) => {
        const matcher = matchPrefix(SpiffeID.fromSegments(one, ...prefix))
        const isBelow = one === other && prefix.length > 0 && prefix.every((part, at) => part === parts[at])
        const reason = refusal(matcher, SpiffeID.fromSegments(other, ...parts), undefined)
        expect(reason === undefined).toBe(isBelow)
      }),
      RUNS,
    )
  })

  it('what a template takes out of an ID makes the same ID again', () => {
    const shape = fc.array(fc.oneof(segment, fc.constant(undefined)), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(shape, fc.array(segment, { minLength: 5, maxLength: 5 }), (literals, values) => {
        const made = template(
          literals.map((literal, at) => (literal === undefined ? `/{v${at}}` : `/${literal}`)).join(''),
        )
        const wanted = Object.fromEntries(
          literals.flatMap((literal, at) => (literal === undefined ? [[`v${at}`, values[at] ?? '']] : [])),
        )
        const id = made.fill('td', wanted)
        expect(made.match(id)).toEqual(wanted)
        expect(refusal(made.matcher('td'), id, undefined)).toBeUndefined()
      }),
    )
  })
})

describe('whatever the matchers', () => {
  const id = SpiffeID.parse('spiffe://a/x')
  type Tree = { readonly matcher: Matcher; readonly isFaulty: boolean }
  const leaf: fc.Arbitrary<Tree> = fc.constantFrom<Tree>(
    { matcher: () => true, isFaulty: false },
    { matcher: () => false, isFaulty: false },
    { matcher: () => 'no', isFaulty: false },
    { matcher: (() => undefined) as unknown as Matcher, isFaulty: true },
    { matcher: (() => Promise.resolve(true)) as unknown as Matcher, isFaulty: true },
    {
      matcher: () => {
        throw new Error('broken')
      },
      isFaulty: true,
    },
  )
  const admits = (matcher: Matcher): boolean => refusal(matcher, id, undefined) === undefined

  it('nothing and its contrary are admitted together, and neither is where both are faulty', () => {
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc
          .tuple(fc.constantFrom(and<unknown>, or<unknown>), fc.array(tie('tree'), { maxLength: 3 }))
          .map(([combine, trees]) => ({
            matcher: combine(...trees.map(({ matcher }) => matcher)),
            isFaulty: trees.length === 0 || trees.some(({ isFaulty }) => isFaulty),
          })),
        tie('tree').map(({ matcher, isFaulty }) => ({ matcher: not(matcher), isFaulty })),
      ),
    }))
    fc.assert(
      fc.property(tree, ({ matcher, isFaulty }) => {
        const both = [admits(matcher), admits(not(matcher))]
        expect(both).not.toEqual([true, true])
        if (!isFaulty) expect(both).toContain(true)
      }),
      RUNS,
    )
  })

  it('what is admitted is of a trust domain that the matcher names, where it names any', () => {
    const domains = fc.constantFrom('a', 'b', 'c')
    const { matcher } = fc.letrec<{ matcher: Matcher }>((tie) => ({
      matcher: fc.oneof(
        { maxDepth: 4 },
        domains.map((domain) => matchMemberOf(domain)),
        domains.map((domain) => matchPrefix(`spiffe://${domain}/x`)),
        fc.constant<Matcher>(() => true),
        fc.array(tie('matcher'), { maxLength: 3 }).map((matchers) => and(...matchers)),
        fc.array(tie('matcher'), { maxLength: 3 }).map((matchers) => or(...matchers)),
        tie('matcher').map((inner) => not(inner)),
      ),
    }))
    fc.assert(
      fc.property(matcher, domains, (made, domain) => {
        const peer = SpiffeID.fromPath(domain, '/x')
        if (made.trustDomains === undefined || refusal(made, peer, undefined) !== undefined) return
        expect(made.trustDomains.map(({ name: known }) => known)).toContain(domain)
      }),
      RUNS,
    )
  })
})

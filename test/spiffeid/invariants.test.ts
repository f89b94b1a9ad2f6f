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
import { codeOf } from './code-of.ts'

// The rules of SPIFFE-ID §2 once more, written another way than in the parser.
const NAME = /^[a-z0-9._-]{1,255}$/
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/
const isName = (text: string): boolean => NAME.test(text)
const isPath = (text: string): boolean => PATH.test(text)

function isID(text: string): boolean {
  if (text.length > 2048 || !text.startsWith('spiffe://')) return false
  const [name = '', ...segments] = text.slice('spiffe://'.length).split('/')
  return isName(name) && isPath(segments.map((segment) => `/${segment}`).join(''))
}

const from = (characters: string): fc.Arbitrary<string> => fc.constantFrom(...characters)
const name = fc.string({ unit: from('az09._-'), minLength: 1, maxLength: 12 })
const segment = fc
  .string({ unit: from('azAZ09._-'), minLength: 1, maxLength: 8 })
  .filter((text) => text !== '.' && text !== '..')
const segments = fc.array(segment, { maxLength: 6 })
const validID = fc
  .tuple(name, segments)
  .map(([trustDomain, parts]) => ['spiffe:/', trustDomain, ...parts].join('/'))

const character = fc.oneof(
  from('aA0._-/:@?#%~[]{}\\ \n\r\t\0'),
  fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
)

/** A valid ID with one character put in, taken out or replaced. */
const mutatedID = fc
  .tuple(validID, fc.nat(), fc.nat({ max: 1 }), fc.oneof(character, fc.constant('')))
  .map(([text, position, taken, put]) => {
    const at = position % (text.length + 1)
    return text.slice(0, at) + put + text.slice(at + taken)
  })

const anyText = fc.oneof(
  validID,
  mutatedID,
  fc.string({ unit: 'binary' }),
  fc.string({ unit: character }).map((text) => `spiffe://${text}`),
)

const RUNS = { numRuns: 500 }

describe('whatever the text', () => {
  it('parse takes it exactly where the rules do, and gives it back unchanged', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const refused = codeOf(() => expect(SpiffeID.parse(text).uri).toBe(text))
        expect(refused === undefined).toBe(isID(text))
      }),
      RUNS,
    )
  })

  it('tryParse agrees with parse', () => {
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, fold) => {
        const parsed = SpiffeID.tryParse(text, { fold })
        expect(parsed === undefined).toBe(codeOf(() => SpiffeID.parse(text, { fold })) !== undefined)
        expect(TrustDomain.tryParse(text, { fold }) === undefined).toBe(
          codeOf(() => TrustDomain.parse(text, { fold })) !== undefined,
        )
      }),
      RUNS,
    )
  })

  it('a trust domain is taken exactly where the rules do', () => {
    fc.assert(
      fc.property(fc.oneof(name, fc.string({ unit: character }), anyText), (text) => {
        expect(TrustDomain.tryParse(text) !== undefined).toBe(isName(text) || isID(text))
      }),
      RUNS,
    )
  })

  it('a path and a segment are taken exactly where the rules do', () => {
    const path = fc.oneof(
      fc.string({ unit: fc.oneof(character, from('//..ab')) }),
      segments.map((parts) => parts.map((part) => `/${part}`).join('')),
    )
    fc.assert(
      fc.property(path, (text) => {
        expect(codeOf(() => SpiffeID.fromPath('td', text)) === undefined).toBe(isPath(text))
        const isSegment = !text.includes('/') && isPath(`/${text}`)
        expect(codeOf(() => SpiffeID.fromSegments('td', text)) === undefined).toBe(isSegment)
      }),
      RUNS,
    )
  })

  it('folding gives an ID in lower case, the same again when folded again, and its path untouched', () => {
    fc.assert(
      fc.property(anyText, fc.func(fc.boolean()), (text, isRaised) => {
        const raised = [...text].map((letter, at) => (isRaised(at) ? letter.toUpperCase() : letter)).join('')
        const folded = SpiffeID.tryParse(raised, { fold: true })
        if (folded === undefined) return
        expect(SpiffeID.parse(folded.uri)).toEqual(folded)
        expect(folded.uri.length).toBe(raised.length)
        expect(raised.endsWith(folded.path)).toBe(true)
      }),
      RUNS,
    )
  })

  it('folding changes nothing about what is an ID without it', () => {
    fc.assert(
      fc.property(validID, (text) => {
        expect(SpiffeID.parse(text, { fold: true })).toEqual(SpiffeID.parse(text))
      }),
    )
  })
})

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
        expect(matcher(SpiffeID.fromSegments(other, ...parts), undefined) === true).toBe(isBelow)
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
            isFaulty: trees.some(({ isFaulty }) => isFaulty),
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

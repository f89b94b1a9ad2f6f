import { describe, expect, it } from 'vitest'
import { JWTBundleSet } from '../../src/bundle/jwt/jwt-bundle-set.ts'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import { X509BundleSet } from '../../src/bundle/x509/x509-bundle-set.ts'
import type { SpiffeErrorCode } from '../../src/errors.ts'
import {
  and,
  joinPathSegments,
  type Matcher,
  matchAny,
  matchID,
  matchMemberOf,
  matchOneOf,
  matchPrefix,
  not,
  or,
  refusal,
  SpiffeID,
  TrustDomain,
  template,
} from '../../src/spiffeid/index.ts'
import { jwtsvid, SVIDError, x509svid } from '../../src/svid/index.ts'
import { codeOf } from '../spiffeid/code-of.ts'
import { bundleOf, goodClaims, NOW, signer, token } from '../support/jwt.ts'
import { mintCA, mintLeaf } from '../support/mint.ts'

const parsing = (text: string): string | undefined => codeOf(() => SpiffeID.parse(text))
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const EVERY_BYTE = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))

/** The bytes that may stand between two letters, in the trust domain or in the path. */
function takenBytes(text: (byte: string) => string): string {
  return EVERY_BYTE.filter((byte) => SpiffeID.tryParse(text(byte)) !== undefined).join('')
}

const AUTHORITY = mintCA()

/** The ID in a certificate that holds a URI; where it is refused, the rule for IDs that the URI breaks. */
function mintedID(uri: string): SpiffeID {
  try {
    return x509svid.idFromCert(mintLeaf(uri, AUTHORITY).der)
  } catch (error) {
    if (error instanceof SVIDError && error.code === 'ERR_SPIFFE_X509_SVID_ID_INVALID') throw error.cause
    throw error
  }
}

/** The longest path of an ID in the trust domain `td`, of 2048 bytes in all. */
const LONGEST_PATH = `/${'a'.repeat(2048 - 'spiffe://td/'.length)}`

describe('SPIFFE-ID', () => {
  it.each<[string, SpiffeErrorCode]>([
    ['https://td/x', 'ERR_SPIFFE_ID_SCHEME'],
    ['spiffe:/td/x', 'ERR_SPIFFE_ID_SCHEME'],
    ['spiffe:td/x', 'ERR_SPIFFE_ID_SCHEME'],
    ['spiffes://td/x', 'ERR_SPIFFE_ID_SCHEME'],
    ['//td/x', 'ERR_SPIFFE_ID_SCHEME'],
    ['td/x', 'ERR_SPIFFE_ID_SCHEME'],
    ['', 'ERR_SPIFFE_ID_EMPTY'],
  ])('SI-2-1, B-01: the scheme is spiffe, so not %j', (text, code) => {
    expect(parsing('spiffe://td/x')).toBeUndefined()
    expect(parsing(text)).toBe(code)
  })

  it.each(['spiffe://', 'spiffe:///x', 'spiffe:////'])(
    'SI-2-2: a trust domain is named, so not %j',
    (text) => {
      expect(parsing('spiffe://t/x')).toBeUndefined()
      expect(parsing(text)).toBe('ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY')
    },
  )

  it.each([
    'spiffe://td/a?q',
    'spiffe://td/a?',
    'spiffe://td/a#f',
    'spiffe://td/a#',
    'spiffe://td?x',
    'spiffe://td#',
  ])('SI-2-3: neither query nor fragment, so not %j', (text) => {
    expect(parsing(text.replace(/[?#].*/, ''))).toBeUndefined()
    expect(parsing(text)).toBe('ERR_SPIFFE_ID_QUERY_OR_FRAGMENT')
  })

  it.each([
    'spiffe://u@td/x',
    'spiffe://@td/x',
    'spiffe://u:p@td/x',
    'spiffe://td:443/x',
    'spiffe://td:/x',
    'spiffe://td:',
  ])('SI-2.1-1: neither user nor port, so not %j', (text) => {
    expect(parsing(text.replace(/\/\/.*@/, '//').replace(/:\d*(?=\/x|$)/, ''))).toBeUndefined()
    expect(parsing(text)).toBe('ERR_SPIFFE_ID_USERINFO_OR_PORT')
  })

  it('SI-2.1-2: a trust domain is in lower case, and what is made here is', () => {
    expect(parsing('spiffe://td/x')).toBeUndefined()
    for (const letter of LETTERS.toUpperCase()) {
      expect(parsing(`spiffe://t${letter}/x`)).toBe('ERR_SPIFFE_ID_UPPER_CASE')
      expect(TrustDomain.parse(`t${letter}`, { fold: true }).idString).toBe(
        `spiffe://t${letter.toLowerCase()}`,
      )
    }
  })

  it('SI-2.1-3: of all bytes, a trust domain takes those of its charset', () => {
    const charset = `-.0123456789_${LETTERS}`
    expect(takenBytes((byte) => `spiffe://${byte}`)).toBe(charset)
    expect(takenBytes((byte) => `spiffe://a${byte}`)).toBe(charset)
    // The slash ends the name and starts a path.
    expect(takenBytes((byte) => `spiffe://a${byte}b/x`).replace('/', '')).toBe(charset)
  })

  it('SI-2.1-4: no percent-encoding in a trust domain', () => {
    expect(parsing('spiffe://td/a')).toBeUndefined()
    for (const text of ['spiffe://t%64/a', 'spiffe://%74d', 'spiffe://td%', 'spiffe://td%2Fa']) {
      expect(parsing(text)).toBe('ERR_SPIFFE_ID_PERCENT_ENCODING')
    }
  })

  it('SI-2.1-5: an IPv4 address is a name, an IPv6 address is none', () => {
    expect(SpiffeID.parse('spiffe://10.0.0.1/x').trustDomain.name).toBe('10.0.0.1')
    for (const text of ['spiffe://[::1]/x', 'spiffe://[fe80::1]', 'spiffe://[]/x']) {
      expect(parsing(text)).toBe('ERR_SPIFFE_ID_TRUST_DOMAIN_CHARACTER')
    }
    expect(parsing('spiffe://::1/x')).toBe('ERR_SPIFFE_ID_USERINFO_OR_PORT')
  })

  it.each([
    '-',
    '_a',
    'a..b',
    '.',
    '..',
    '-a-',
    '999.1.1.1',
    '0x7f.1',
    '010.0.0.1',
    'xn--bcher-kva',
    'b'.repeat(200),
  ])('SI-2.1-6, B-07: %j is a name and stays as it is, whether DNS or IP know it or not', (name) => {
    expect(TrustDomain.parse(name).name).toBe(name)
    expect(SpiffeID.parse(`spiffe://${name}/x`).uri).toBe(`spiffe://${name}/x`)
    // The lenient reading lowers letters and corrects nothing either.
    expect(TrustDomain.parse(name.toUpperCase(), { fold: true }).name).toBe(name)
  })

  it('SI-2.1-6: names are compared as text: no address or internationalized name equals another form of it', () => {
    expect(TrustDomain.parse('10.0.0.1').equals('10.0.0.1')).toBe(true)
    expect(TrustDomain.parse('10.0.0.1').equals('010.0.0.1')).toBe(false)
    expect(TrustDomain.parse('acme.internal').equals('acme.internal.')).toBe(false)
    expect(TrustDomain.tryParse('bücher')).toBeUndefined()
  })

  it('SI-2.2-1: no percent-encoding in a path', () => {
    expect(parsing('spiffe://td/a.20b')).toBeUndefined()
    for (const text of ['spiffe://td/a%20b', 'spiffe://td/%2e%2e', 'spiffe://td/%', 'spiffe://td/a%2Fb']) {
      expect(parsing(text)).toBe('ERR_SPIFFE_ID_PERCENT_ENCODING')
    }
  })

  it.each<[string, SpiffeErrorCode]>([
    ['/a//b', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['//a', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['/.', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/a/./b', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/a/..', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/../a', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
  ])('SI-2.2-2: no empty and no dot segment, so not %j', (path, code) => {
    for (const twin of ['/...', '/.a', '/a..', '/..a', '/a/...'])
      expect(parsing(`spiffe://td${twin}`)).toBeUndefined()
    expect(parsing(`spiffe://td${path}`)).toBe(code)
  })

  it.each(['spiffe://td/', 'spiffe://td/a/', 'spiffe://td/a/b/'])(
    'SI-2.2-3: no slash at the end, so not %j',
    (text) => {
      expect(parsing(text.slice(0, -1))).toBeUndefined()
      expect(parsing(text)).toBe('ERR_SPIFFE_ID_TRAILING_SLASH')
    },
  )

  it('SI-2.2-4: of all bytes, a path segment takes those of its charset', () => {
    const charset = `-.0123456789${LETTERS.toUpperCase()}_${LETTERS}`
    // The slash ends the segment and starts another.
    expect(takenBytes((byte) => `spiffe://td/a${byte}b`).replace('/', '')).toBe(charset)
    expect(takenBytes((byte) => `spiffe://td/${byte}`)).toBe(charset.replace('.', ''))
    expect(takenBytes((byte) => `spiffe://td/a${byte}`)).toBe(charset)
  })

  it('SI-2.2-5: a path is optional, and means nothing here', () => {
    const id = SpiffeID.parse('spiffe://td')
    expect(id.path).toBe('')
    expect(id).toEqual(TrustDomain.parse('td').id)
    expect(matchID('spiffe://td/a')(SpiffeID.parse('spiffe://td/a/b'), undefined)).not.toBe(true)
  })

  it('SI-2.3-1, SI-2.3-2: IDs have up to 2048 bytes, and nothing makes a longer one', () => {
    expect(SpiffeID.parse(`spiffe://td${LONGEST_PATH}`).uri).toHaveLength(2048)
    expect(parsing(`spiffe://td${LONGEST_PATH}a`)).toBe('ERR_SPIFFE_ID_TOO_LONG')
    const deepest = `spiffe://td/aa${'/a'.repeat(1017)}`
    expect(SpiffeID.parse(deepest).uri).toHaveLength(2048)
    expect(parsing(`${deepest}a`)).toBe('ERR_SPIFFE_ID_TOO_LONG')
  })

  it('SI-2.3-3: trust domains have up to 255 bytes', () => {
    expect(parsing(`spiffe://${'a'.repeat(255)}/x`)).toBeUndefined()
    expect(parsing(`spiffe://${'a'.repeat(256)}/x`)).toBe('ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG')
    expect(codeOf(() => TrustDomain.parse('a'.repeat(255)))).toBeUndefined()
    expect(codeOf(() => TrustDomain.parse('a'.repeat(256)))).toBe('ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG')
  })

  it('SI-2.4-1: folded IDs are equal whatever the case of scheme and trust domain, and paths keep theirs', () => {
    const fold = (text: string): SpiffeID => SpiffeID.parse(text, { fold: true })
    expect(fold('SPIFFE://TD/a').equals(fold('spiffe://td/a'))).toBe(true)
    expect(fold('spiffe://td/A').equals(fold('spiffe://td/a'))).toBe(false)
    expect(SpiffeID.parse('spiffe://td/A').equals('spiffe://td/a')).toBe(false)
    expect(matchID('spiffe://td/a')(SpiffeID.parse('spiffe://td/A'), undefined)).not.toBe(true)
  })

  it('SI-3-1: an authority vouches for IDs of its own trust domain alone, also where another is trusted too', () => {
    const [authorityA, authorityB] = ['A', 'B'].map((name) => mintCA({ subject: `O=${name}` }))
    if (authorityA === undefined || authorityB === undefined) throw new Error('two were minted')
    const bundles = X509BundleSet.from([
      X509Bundle.fromX509Authorities('td-a', [authorityA.der]),
      X509Bundle.fromX509Authorities('td-b', [authorityB.der]),
    ])
    const verify = (id: string, authority: typeof authorityA): string =>
      x509svid.verify([mintLeaf(id, authority).der], bundles).id.uri
    expect(verify('spiffe://td-a/x', authorityA)).toBe('spiffe://td-a/x')
    expect(verify('spiffe://td-b/x', authorityB)).toBe('spiffe://td-b/x')
    for (const forged of [
      () => verify('spiffe://td-a/x', authorityB),
      () => verify('spiffe://td-b/x', authorityA),
    ]) {
      expect(forged).toThrow(expect.objectContaining({ code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY' }))
    }
  })

  it('SI-3.3-1: a token of another kind is no SVID, whoever signed it', async () => {
    const by = signer('ES256')
    const validate = (typ: string): Promise<unknown> =>
      jwtsvid.parseAndValidate(token(by, { header: { typ } }), bundleOf('acme.internal', by), 'orders', {
        now: NOW,
      })
    await expect(validate('JWT')).resolves.toBeDefined()
    for (const typ of ['wit+jwt', 'at+jwt', 'spiffe']) {
      await expect(validate(typ)).rejects.toMatchObject({ code: 'ERR_SPIFFE_JWT_SVID_TYPE_UNSUPPORTED' })
    }
  })

  it('SI-4.1-1: what a token claims comes with the trust domain that says so', async () => {
    const [ours, theirs] = [signer('ES256', 'ours'), signer('ES256', 'theirs')]
    const bundles = JWTBundleSet.from([bundleOf('acme.internal', ours), bundleOf('partner.example', theirs)])
    const validate = (sub: string, by: typeof ours): Promise<unknown> =>
      jwtsvid.parseAndValidate(token(by, { claims: goodClaims({ sub, role: 'admin' }) }), bundles, 'orders', {
        now: NOW,
        authorize: (id, { claims }) => id.memberOf('acme.internal') && claims['role'] === 'admin',
      })
    await expect(validate('spiffe://acme.internal/x', ours)).resolves.toMatchObject({
      id: { uri: 'spiffe://acme.internal/x' },
      claims: { role: 'admin' },
    })
    await expect(validate('spiffe://partner.example/x', theirs)).rejects.toMatchObject({
      code: 'ERR_SPIFFE_JWT_SVID_UNAUTHORIZED',
    })
    await expect(validate('spiffe://acme.internal/x', theirs)).rejects.toMatchObject({
      code: 'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND',
    })
  })
})

describe('what other libraries have learnt about IDs', () => {
  it.each(['example.org/x', 'spiffe:/x', '//td/x', 'spiffe', 'spiffe:', 'SPIFFE:', 'xspiffe://td/x'])(
    'B-01: %j does not start as an ID does',
    (text) => {
      expect(parsing('spiffe://example.org/x')).toBeUndefined()
      expect(parsing(text)).toBe('ERR_SPIFFE_ID_SCHEME')
      expect(SpiffeID.tryParse(text, { fold: true })).toBeUndefined()
    },
  )

  it('B-02: what people type is folded where asked, and refused where not', () => {
    const text = 'SPIFFE://Example.ORG/Path'
    const folded = SpiffeID.parse(text, { fold: true })
    expect(folded.uri).toBe('spiffe://example.org/Path')
    expect(folded.equals('spiffe://example.org/Path')).toBe(true)
    expect(new Map([[`${folded.trustDomain}`, 1]]).get('example.org')).toBe(1)
    expect(parsing(text)).toBe('ERR_SPIFFE_ID_UPPER_CASE')
  })

  it.each(['\u212a', '\u017f', '\u0130', '\uff2b', '\uff4b', '\u1e9e', '\u{1d40a}'])(
    'B-03: %j is no ASCII letter, and folding makes it none',
    (letter) => {
      expect(SpiffeID.parse('spiffe://tK/a', { fold: true }).uri).toBe('spiffe://tk/a')
      for (const fold of [true, false]) {
        expect(SpiffeID.tryParse(`spiffe://t${letter}/a`, { fold })).toBeUndefined()
        expect(SpiffeID.tryParse(`spiffe://td/${letter}`, { fold })).toBeUndefined()
        expect(TrustDomain.tryParse(`t${letter}`, { fold })).toBeUndefined()
      }
    },
  )

  it.each(['\n', '\0', '\r', '\t', ' ', '\u00a0', '\u200b', '\u200d', '\ufeff', '\u2028', '\u00ad'])(
    'B-04: %j stands nowhere in an ID',
    (invisible) => {
      expect(parsing('spiffe://td/ab')).toBeUndefined()
      for (const text of ['spiffe://td/ab', 'spiffe://td']) {
        for (let at = 0; at <= text.length; at++) {
          expect(SpiffeID.tryParse(text.slice(0, at) + invisible + text.slice(at))).toBeUndefined()
        }
      }
      expect(TrustDomain.tryParse(`td${invisible}`)).toBeUndefined()
      expect(TrustDomain.tryParse(`${invisible}td`)).toBeUndefined()
    },
  )

  const root = SpiffeID.parse('spiffe://td')
  const segment = LONGEST_PATH.slice(1)
  it.each<[string, (more: string) => unknown]>([
    ['parse', (more) => SpiffeID.parse(`spiffe://td${LONGEST_PATH}${more}`)],
    ['parse with folding', (more) => SpiffeID.parse(`SPIFFE://TD${LONGEST_PATH}${more}`, { fold: true })],
    ['from', (more) => SpiffeID.from(`spiffe://td${LONGEST_PATH}${more}`)],
    ['fromJSON', (more) => SpiffeID.fromJSON(JSON.parse(`"spiffe://td${LONGEST_PATH}${more}"`))],
    ['fromPath', (more) => SpiffeID.fromPath('td', LONGEST_PATH + more)],
    ['fromSegments', (more) => SpiffeID.fromSegments('td', segment + more)],
    ['fromURL', (more) => SpiffeID.fromURL(new URL(`spiffe://td${LONGEST_PATH}${more}`))],
    ['appendPath', (more) => root.appendPath(LONGEST_PATH + more)],
    ['appendSegments', (more) => root.appendSegments(segment + more)],
    ['replacePath', (more) => root.replacePath(LONGEST_PATH + more)],
    ['replaceSegments', (more) => root.replaceSegments(segment + more)],
    ['a template', (more) => template('/{a}').fill('td', { a: segment + more })],
    ['TrustDomain.parse', (more) => TrustDomain.parse(`spiffe://td${LONGEST_PATH}${more}`)],
    ['a certificate', (more) => mintedID(`spiffe://td${LONGEST_PATH}${more}`)],
  ])('B-05: 2048 bytes are the limit of %s', (_, make) => {
    expect(codeOf(() => make(''))).toBeUndefined()
    expect(codeOf(() => make('a'))).toBe('ERR_SPIFFE_ID_TOO_LONG')
  })

  const longestName = 'a'.repeat(255)
  it.each<[string, (name: string) => unknown]>([
    ['parse', (name) => SpiffeID.parse(`spiffe://${name}`)],
    ['fromJSON', (name) => SpiffeID.fromJSON(`spiffe://${name}/a`)],
    ['fromPath', (name) => SpiffeID.fromPath(name, '/a')],
    ['fromSegments', (name) => SpiffeID.fromSegments(name)],
    ['fromURL', (name) => SpiffeID.fromURL(new URL(`spiffe://${name}`))],
    ['a template', (name) => template('/{a}').fill(name, { a: 'a' })],
    ['TrustDomain.parse', (name) => TrustDomain.parse(name)],
    ['TrustDomain.parse with folding', (name) => TrustDomain.parse(name.toUpperCase(), { fold: true })],
    ['TrustDomain.fromJSON', (name) => TrustDomain.fromJSON(name)],
    ['TrustDomain.from', (name) => TrustDomain.from(name)],
    ['matchMemberOf', (name) => matchMemberOf(name)],
    ['a certificate', (name) => mintedID(`spiffe://${name}/a`)],
  ])('B-05: 255 bytes are the limit of a trust domain in %s', (_, make) => {
    expect(codeOf(() => make(longestName))).toBeUndefined()
    expect(codeOf(() => make(`${longestName}a`))).toBe('ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG')
  })

  it.each<[string, SpiffeErrorCode]>([
    ['.', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['..', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['a/b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['/', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['a/', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['%2e', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
    ['a\\b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
  ])('B-06: %j is no segment to join or append', (bad, code) => {
    for (const join of [
      (last: string) => joinPathSegments('a', last),
      (last: string) => SpiffeID.fromSegments('td', 'a', last),
      (last: string) => root.appendSegments(last),
      (last: string) => root.appendSegments('a', last, 'b'),
      (last: string) => root.replaceSegments(last),
    ]) {
      expect(codeOf(() => join('...'))).toBeUndefined()
      expect(codeOf(() => join(bad))).toBe(code)
    }
  })

  it('B-06: an ID without a path takes more, and none takes a slash at the end', () => {
    expect(root.appendPath('/a').uri).toBe('spiffe://td/a')
    expect(root.appendSegments('a').appendPath('/b').uri).toBe('spiffe://td/a/b')
    expect(codeOf(() => root.appendPath('/'))).toBe('ERR_SPIFFE_ID_TRAILING_SLASH')
    expect(codeOf(() => root.appendPath('/a/'))).toBe('ERR_SPIFFE_ID_TRAILING_SLASH')
    expect(codeOf(() => root.appendPath('a'))).toBe('ERR_SPIFFE_ID_PATH_RELATIVE')
  })

  it.each([
    'spiffe://td/p#',
    'spiffe://td/p?',
    'spiffe://@td/p',
    'spiffe://td:80/p',
    'spiffe://td/x/../p',
    'SPIFFE://td/p',
  ])('B-08: %j is refused as the bytes of a certificate have it, not as a URL would write it', (text) => {
    expect(mintedID('spiffe://td/p').uri).toBe('spiffe://td/p')
    expect(parsing(text)).toMatch(/^ERR_SPIFFE_ID_/)
    expect(codeOf(() => mintedID(text))).toBe(parsing(text))
  })

  it.each<[string, Matcher]>([
    ['matchAny', matchAny()],
    ['matchID', matchID('spiffe://td/a')],
    ['matchOneOf', matchOneOf('spiffe://td/a')],
    ['matchMemberOf', matchMemberOf('td')],
    ['matchPrefix', matchPrefix('spiffe://td/a')],
    ['a template', template('/{a}').matcher('td')],
    ['and', and(matchAny(), matchMemberOf('td'))],
    ['or', or(matchID('spiffe://td/b'), matchAny())],
    ['not', not(matchID('spiffe://td/b'))],
  ])('B-09: %s admits no absent ID', (_, matcher) => {
    expect(refusal(matcher, SpiffeID.parse('spiffe://td/a'), undefined)).toBeUndefined()
    for (const absent of [undefined, null, '', {}, Object.create(null)]) {
      expect(refusal(matcher, absent as unknown as SpiffeID, undefined)).toBeTypeOf('string')
    }
  })

  it('B-09: an empty list admits nobody', () => {
    const id = SpiffeID.parse('spiffe://td/a')
    expect(refusal(matchOneOf(id), id, undefined)).toBeUndefined()
    for (const empty of [matchOneOf(), and(), or()]) {
      expect(refusal(empty, id, undefined)).toBeTypeOf('string')
    }
  })
})

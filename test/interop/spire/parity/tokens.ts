import { Authority, type IssueJWTSVIDOptions } from '../../../../src/testing/index.ts'

/** Tokens for orders that the partner issued, and others in its name: the same ones for every agent that trusts it. */
export async function tokensOf(partner: Authority): Promise<Readonly<Record<string, string>>> {
  const now = Date.now()
  const inSeconds = (seconds: number): Date => new Date(now + seconds * 1000)
  const issue = async (options: Partial<IssueJWTSVIDOptions> = {}): Promise<string> => {
    const svid = await partner.issueJWTSVID('spiffe://partner.example/shop', {
      audience: 'orders',
      ...options,
    })
    return svid.marshal()
  }
  const stranger = await Authority.create({ trustDomain: 'stranger.example' })
  const strange = await stranger.issueJWTSVID('spiffe://stranger.example/shop', { audience: 'orders' })
  const good = await issue({ claims: { tenant: 'blue', iss: 'https://partner.example' } })
  return {
    'a good one, with claims of its own': good,
    'one for others, too': await issue({ audience: ['billing', 'orders'] }),
    'one that expired within the leeway': await issue({ ttlSeconds: 10, issuedAt: inSeconds(-50) }),
    'one that was issued ahead, within the leeway': await issue({ issuedAt: inSeconds(40) }),
    'one without a kid': withHeader(good, { kid: undefined }),
    'one with an empty kid': withHeader(good, { kid: '' }),
    'one with an unknown kid': withHeader(good, { kid: 'unknown' }),
    'one with another header than was signed': withHeader(good, { typ: 'JOSE' }),
    'one of a stranger': strange.marshal(),
    'one for others': await issue({ audience: ['billing', 'payroll'] }),
    'one that has expired': await issue({ ttlSeconds: 10, issuedAt: inSeconds(-120) }),
    'one that is not valid yet': await issue({
      issuedAt: inSeconds(280),
      claims: { nbf: Math.floor(now / 1000) + 300 },
    }),
    'one that was issued ahead': await issue({ issuedAt: inSeconds(300) }),
  }
}

function withHeader(token: string, changes: Readonly<Record<string, unknown>>): string {
  const [header = '', ...rest] = token.split('.')
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...changes }
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.')
}

import { constants, verify } from 'node:crypto'
import { exportJWK, jwtVerify } from 'jose'
import { jwtsvid } from '../../src/svid/index.ts'
import { bundleOf, encode, signatureOf, signer } from '../../test/support/jwt.ts'
import type { GoSpiffe } from '../go-spiffe.ts'
import { asyncContender, compare, contender, print } from '../harness.ts'

const TOKENS = 256
const ID = 'spiffe://acme.internal/ns/prod/sa/checkout'

/** Of the raw check's speed: less where that check takes so little that reading the token is much beside it. */
const FLOORS: Readonly<Record<string, number>> = { RS256: 0.8, PS256: 0.8, ES256: 0.9, ES384: 0.9 }

/**
 * Validation of tokens never seen before, beside the one signature check that nobody can leave out, and beside
 * the least that Node can do to come by what is checked.
 */
export async function compareJWT(go: GoSpiffe | undefined): Promise<void> {
  for (const [alg, floor] of Object.entries(FLOORS)) {
    const authority = signer(alg)
    const { kid, publicKey } = authority
    const tokens = Array.from({ length: TOKENS }, (_, at) => tokenOf(alg, at))
    const checks = tokens.map((token) => {
      const end = token.lastIndexOf('.')
      return [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), 'base64url')] as const
    })
    const digest = `sha${alg.slice(2)}`
    const key = alg.startsWith('ES')
      ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
      : {
          key: publicKey,
          padding: alg.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING,
        }
    const bundle = bundleOf('acme.internal', authority)
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid }] })
    const token = (time: number): string => tokens[time % TOKENS] ?? ''

    const results = await compare([
      contender('raw crypto.verify', (time) => {
        const [input, signature] = checks[time % TOKENS] ?? [Buffer.alloc(0), Buffer.alloc(0)]
        if (!verify(digest, input, key, signature)) throw new Error('refused')
      }),
      asyncContender('js-spiffe', (time) => jwtsvid.parseAndValidate(token(time), bundle, 'orders')),
      contender('decode, JSON.parse, verify', (time) => {
        const [header = '', payload = '', signature = ''] = token(time).split('.')
        const input = Buffer.from(`${header}.${payload}`)
        JSON.parse(Buffer.from(payload, 'base64url').toString())
        if (!verify(digest, input, key, Buffer.from(signature, 'base64url'))) throw new Error('refused')
      }),
      contender('js-spiffe, without the signature', (time) => jwtsvid.parseInsecure(token(time), 'orders')),
      asyncContender('jose', (time) => jwtVerify(token(time), publicKey, { audience: 'orders' })),
      ...(go === undefined ? [] : [await go.contender({ jwt: { jwks, tokens, audience: 'orders' } })]),
    ])
    print(`JWT-SVID, ${alg}, a new token of ${token(0).length} characters`, results, { 'js-spiffe': floor })
  }
}

/** A token as SPIRE issues them. */
function tokenOf(alg: string, at: number): string {
  const authority = signer(alg)
  const iat = Math.floor(Date.now() / 1000)
  const input = `${encode({ alg, kid: authority.kid, typ: 'JWT' })}.${encode({
    aud: ['orders'],
    exp: iat + 3600 + at,
    iat,
    sub: ID,
  })}`
  return `${input}.${signatureOf(authority, input)}`
}

import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SpiffeID } from '../../../src/spiffeid/index.ts'
import { jwtsvid } from '../../../src/svid/index.ts'
import { ALGORITHMS, bundleOf } from '../../support/jwt.ts'
import { generateToken, trustedSigners } from '../corpus/generated-jwt.ts'
import { Random } from '../corpus/random.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { Keeper } from '../support/keeper.ts'
import { kindOf, manyCases, Tally } from '../support/tally.ts'
import { judge, type OurVerdict } from '../support/verdict.ts'
import { GoPeer, type GoVerdict } from './support/go-peer.ts'

const bundle = bundleOf('acme.internal', ...trustedSigners)
const random = new Random(2)
const tokens = Array.from({ length: manyCases }, () => generateToken(random))

const ours = (token: string): Promise<OurVerdict> =>
  judge(() => jwtsvid.parseAndValidate(token, bundle, 'orders'))

function compare(tally: Tally, us: OurVerdict, them: GoVerdict): void {
  if ('id' in us && 'id' in them) {
    expect(us.id).toBe(them.id)
    tally.acceptedByBoth()
  } else if ('id' in us) tally.disagreement('error' in them ? them.error.replace(/^.*(: |, )/, '') : '')
  else if ('error' in them) tally.refusedByBoth()
  else tally.disagreement(kindOf(us.refusal))
}

describeWithGo(`${manyCases} generated tokens`, () => {
  const keeper = Keeper.start()
  let go: GoPeer

  beforeAll(async () => {
    go = await GoPeer.build(keeper)
  })
  afterAll(() => keeper.close())

  test('find the same verdict here and in go-spiffe, but for the documented kinds', async () => {
    const theirs = await go.judge(
      { acme: { jwt: { 'acme.internal': bundle.marshal() } } },
      tokens.map((token) => ({ within: 'acme', token, audience: ['orders'] })),
    )
    const tally = new Tally(manyCases)

    for (const [at, token] of tokens.entries()) {
      compare(tally, await ours(token), theirs[at] ?? { error: 'no answer' })
    }

    tally.expectDocumented('Generated tokens')
  }, 600_000)
})

test(`${manyCases} generated tokens find the same verdict here and in jose, but for the documented kinds`, async () => {
  const jwks: JSONWebKeySet = JSON.parse(bundle.marshal())
  // jose takes no key whose use is not `sig`.
  const keys = createLocalJWKSet({ keys: jwks.keys.map(({ use, ...jwk }) => jwk) })
  const options = {
    algorithms: [...ALGORITHMS],
    audience: 'orders',
    clockTolerance: 30,
    requiredClaims: ['exp'],
  }
  const joseJudges = async (token: string): Promise<GoVerdict> => {
    try {
      const { payload } = await jwtVerify(token, keys, options)
      // What is SPIFFE's about a token jose cannot know.
      const id = typeof payload.sub === 'string' ? SpiffeID.tryParse(payload.sub) : undefined
      return id?.memberOf('acme.internal') === true
        ? { id: id.toString() }
        : { error: 'not a SPIFFE ID of ours' }
    } catch (error) {
      if (error instanceof errors.JOSEError) return { error: error.code }
      throw error
    }
  }
  const tally = new Tally(manyCases)

  for (const token of tokens) compare(tally, await ours(token), await joseJudges(token))

  tally.expectDocumented('Generated tokens, by jose')
}, 600_000)

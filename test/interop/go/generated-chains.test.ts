import { afterAll, beforeAll, expect, test } from 'vitest'
import { X509Bundle, X509BundleSet } from '../../../src/bundle/index.ts'
import type { VerifiedPeer } from '../../../src/svid/index.ts'
import { x509svid } from '../../../src/svid/index.ts'
import { type GeneratedChain, generateChain } from '../corpus/generated-x509.ts'
import { Random } from '../corpus/random.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { Keeper } from '../support/keeper.ts'
import { kindOf, manyCases, Tally } from '../support/tally.ts'
import { judge } from '../support/verdict.ts'
import { GoPeer, type GoVerdict } from './support/go-peer.ts'

const now = new Date(Math.floor(Date.now() / 1000) * 1000)

function verify({ chain, authorities }: GeneratedChain): VerifiedPeer {
  const bundle = X509Bundle.fromX509Authorities('acme.internal', authorities)
  return x509svid.verify(chain, X509BundleSet.from([bundle]), { now })
}

/** Lets Go judge chains, each by the authorities that come with it. */
function judgedBy(go: GoPeer, chains: readonly GeneratedChain[]): Promise<readonly GoVerdict[]> {
  const trust = chains.map(({ authorities }) => ({ x509: { 'acme.internal': Buffer.concat(authorities) } }))
  return go.judge(
    Object.fromEntries(trust.entries()),
    chains.map(({ chain }, at) => ({ within: `${at}`, chain, now })),
  )
}

/** The path that was found, and nothing else. */
function onlyThePath({ chain }: VerifiedPeer): GeneratedChain {
  return { chain: chain.slice(0, -1), authorities: chain.slice(-1) }
}

/** Go's words, without what came before the last colon and without numbers. */
const inShort = (error: string): string => error.replace(/^.*: /, '').replace(/\d+/g, 'N')

describeWithGo(`${manyCases} generated chains`, () => {
  const keeper = Keeper.start()
  let go: GoPeer

  beforeAll(async () => {
    go = await GoPeer.build(keeper)
  })
  afterAll(() => keeper.close())

  test('find the same verdict here and in go-spiffe, but for the documented kinds', async () => {
    const random = new Random(1)
    const chains = Array.from({ length: manyCases }, () => generateChain(random))
    const theirs = await judgedBy(go, chains)
    const tally = new Tally()
    const onlyOurs: GeneratedChain[] = []

    for (const [at, chain] of chains.entries()) {
      const us = await judge(() => verify(chain))
      const them = theirs[at] ?? { error: 'no answer' }
      if ('id' in us && 'id' in them) {
        expect(us.id).toBe(them.id)
        tally.acceptedByBoth()
      } else if ('id' in us) onlyOurs.push(onlyThePath(verify(chain)))
      else if ('error' in them) tally.refusedByBoth()
      else tally.disagreement(kindOf(us.refusal))
    }
    // Go reads all of a chain before it looks for a path. With the path alone it has to agree, or to say why not.
    for (const them of await judgedBy(go, onlyOurs)) {
      tally.disagreement('id' in them ? 'a certificate that is not on the path' : inShort(them.error))
    }

    tally.expectDocumented('Generated chains')
  }, 600_000)
})

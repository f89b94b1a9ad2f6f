import { expect } from 'vitest'
import { X509Bundle, X509BundleSet } from '../../../src/bundle/index.ts'
import { type VerifiedPeer, x509svid } from '../../../src/svid/index.ts'
import { type GeneratedChain, generateChain } from '../corpus/generated-x509.ts'
import { Random } from '../corpus/random.ts'
import { kindOf, Tally } from './tally.ts'
import { isSame, judge, type TheirVerdict } from './verdict.ts'

/** Another validator of certificate chains. */
export interface ChainOracle {
  /** What the peer is taken to act as. */
  readonly role?: 'client' | 'server'

  /** Judges each chain by the authorities that come with it. */
  judge(chains: readonly GeneratedChain[], now: Date): Promise<readonly TheirVerdict[]>

  /**
   * Judges paths that we accept, the authority apart.
   *
   * @returns For each path the kinds of reason to refuse it, without names and numbers; none where it is accepted.
   */
  objections(paths: readonly GeneratedChain[], now: Date): Promise<readonly (readonly string[])[]>
}

/**
 * Puts generated chains before our validator and another one.
 *
 * Where we accept what the other one refuses, it is asked again with the path that we found and nothing else: of
 * some validators what is beside the path makes a difference.
 */
export async function compareGeneratedChains(oracle: ChainOracle, cases: number): Promise<Tally> {
  const now = new Date(Math.floor(Date.now() / 1000) * 1000)
  const verify = ({ chain, authorities }: GeneratedChain): VerifiedPeer => {
    const bundle = X509Bundle.fromX509Authorities('acme.internal', authorities)
    return x509svid.verify(chain, X509BundleSet.from([bundle]), { now, role: oracle.role })
  }
  const random = new Random(1)
  const chains = Array.from({ length: cases }, () => generateChain(random))
  const theirs = await oracle.judge(chains, now)
  expect(theirs.length).toBe(chains.length)
  const tally = new Tally(cases)
  const onlyOurs: GeneratedChain[] = []

  for (const [at, chain] of chains.entries()) {
    const us = await judge(() => verify(chain))
    const them = theirs[at]
    if (them === undefined) throw new Error(`chain ${at} was not judged`)
    if ('refusal' in us && 'error' in them) tally.refusedByBoth()
    else if ('refusal' in us) tally.disagreement(kindOf(us.refusal))
    else if ('error' in them) onlyOurs.push(onlyThePath(verify(chain)))
    else {
      expect(isSame(us, them)).toBe(true)
      tally.acceptedByBoth()
    }
  }
  for (const objections of await oracle.objections(onlyOurs, now)) {
    for (const kind of objections) tally.disagreement(kind)
    if (objections.length === 0) tally.disagreement('a certificate that is not on the path')
  }
  return tally
}

/** The path that was found, and nothing else. */
function onlyThePath({ chain }: VerifiedPeer): GeneratedChain {
  return { chain: chain.slice(0, -1), authorities: chain.slice(-1) }
}

import type { GeneratedChain } from '../../corpus/generated-x509.ts'
import type { ChainOracle } from '../../support/compare-chains.ts'
import type { GoPeer, GoVerdict } from './go-peer.ts'

/** go-spiffe as a validator of chains. */
export class GoOracle implements ChainOracle {
  readonly #go: GoPeer

  constructor(go: GoPeer) {
    this.#go = go
  }

  judge(chains: readonly GeneratedChain[], now: Date): Promise<readonly GoVerdict[]> {
    const trust = chains.map(({ authorities }) => ({ x509: { 'acme.internal': Buffer.concat(authorities) } }))
    return this.#go.judge(
      Object.fromEntries(trust.entries()),
      chains.map(({ chain }, at) => ({ within: `${at}`, chain, now })),
    )
  }

  async objections(paths: readonly GeneratedChain[], now: Date): Promise<readonly (readonly string[])[]> {
    const verdicts = await this.judge(paths, now)
    return verdicts.map((verdict) => ('error' in verdict ? [inShort(verdict.error)] : []))
  }
}

/** Go's words, without what came before the last colon and without numbers. */
function inShort(error: string): string {
  return error.replace(/^.*: /, '').replace(/\d+/g, 'N')
}

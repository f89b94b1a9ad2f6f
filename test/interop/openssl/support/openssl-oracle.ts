import type { GeneratedChain } from '../../corpus/generated-x509.ts'
import type { ChainOracle } from '../../support/compare-chains.ts'
import type { Keeper } from '../../support/keeper.ts'
import { explained } from '../../support/peculiarities.ts'
import type { TheirVerdict } from '../../support/verdict.ts'
import { type Finding, opensslRefusals } from './openssl.ts'

const STRICT = '-x509_strict'
const PURPOSE = '-purpose sslclient'
const LEAF = '(leaf)'

/** The `openssl` command as a validator, and as strict as it can be told to be. */
export class OpenSSLOracle implements ChainOracle {
  readonly role = 'client'
  readonly #keeper: Keeper

  constructor(keeper: Keeper) {
    this.#keeper = keeper
  }

  async judge(chains: readonly GeneratedChain[], now: Date): Promise<readonly TheirVerdict[]> {
    const refused = await opensslRefusals(this.#keeper, chains, now, `${STRICT} ${PURPOSE}`)
    return chains.map((chain): TheirVerdict => {
      const findings = refused.get(chain)
      return findings === undefined ? {} : { error: kindsOf(findings).join(', ') }
    })
  }

  /** Asks again with less to look at, so that what is strictness or a matter of purposes hides nothing else. */
  async objections(paths: readonly GeneratedChain[], now: Date): Promise<readonly (readonly string[])[]> {
    const strictly = await opensslRefusals(this.#keeper, paths, now, `${STRICT} ${PURPOSE}`)
    const leniently = await opensslRefusals(this.#keeper, [...strictly.keys()], now, PURPOSE)
    const forAnyPurpose = await opensslRefusals(this.#keeper, [...leniently.keys()], now, '-purpose any')
    return paths.map((path) => {
      const [strict, lenient, rest] = [strictly, leniently, forAnyPurpose].map((found) =>
        kindsOf(found.get(path)),
      )
      return [
        ...difference(strict, lenient).map((kind) => `\`${STRICT}\`: ${kind}`),
        ...difference(lenient, rest).map(
          (kind) =>
            `\`-purpose\`: ${kind.endsWith(LEAF) ? explained(kind, path, 'a leaf for any purpose') : kind}`,
        ),
        ...difference(rest).map((kind) => explained(kind, path, 'key identifiers that differ')),
      ]
    })
  }
}

function kindsOf(findings: readonly Finding[] = []): readonly string[] {
  return findings.map(({ error, ofLeaf }) => `${error} ${ofLeaf ? LEAF : '(CA)'}`)
}

function difference(these: readonly string[] = [], those: readonly string[] = []): readonly string[] {
  return [...new Set(these)].filter((kind) => !those.includes(kind))
}

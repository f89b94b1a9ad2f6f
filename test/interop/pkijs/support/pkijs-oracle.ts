import { Certificate, CertificateChainValidationEngine } from 'pkijs'
import type { GeneratedChain } from '../../corpus/generated-x509.ts'
import type { ChainOracle } from '../../support/compare-chains.ts'
import { explained } from '../../support/peculiarities.ts'
import type { TheirVerdict } from '../../support/verdict.ts'

// Our chains have at most six certificates. Where CAs have certified each other the engine never ends by itself.
const mostIssuers = 16

/** The chain validation engine of pkijs as a validator. */
export class PKIjsOracle implements ChainOracle {
  readonly #read = new WeakMap<Uint8Array, Certificate>()

  async judge(chains: readonly GeneratedChain[], now: Date): Promise<readonly TheirVerdict[]> {
    const verdicts: TheirVerdict[] = []
    for (const chain of chains) verdicts.push(await this.#verdict(chain, now))
    return verdicts
  }

  async objections(paths: readonly GeneratedChain[], now: Date): Promise<readonly (readonly string[])[]> {
    const verdicts = await this.judge(paths, now)
    return paths.map((path, at) => {
      const verdict = verdicts[at] ?? {}
      if (!('error' in verdict)) return []
      return [explained(verdict.error, path, 'Ed25519 signatures', 'key identifiers that differ')]
    })
  }

  async #verdict({ chain, authorities }: GeneratedChain, now: Date): Promise<TheirVerdict> {
    let lookups = 0
    try {
      const engine = new CertificateChainValidationEngine({
        trustedCerts: authorities.map((der) => this.#certificate(der)),
        // The leaf is what comes last.
        certs: chain.toReversed().map((der) => this.#certificate(der)),
        checkDate: now,
        findIssuer(certificate, self, crypto) {
          lookups += 1
          if (lookups > mostIssuers) throw new Error('no end')
          return self.defaultFindIssuer(certificate, self, crypto)
        },
      })
      const { result, resultMessage } = await engine.verify()
      return result ? {} : { error: resultMessage }
    } catch (error) {
      return { error: `${error}` }
    }
  }

  /** Most chains share their root, and to read a certificate takes as long as to verify it. */
  #certificate(der: Uint8Array): Certificate {
    const known = this.#read.get(der)
    if (known !== undefined) return known
    const certificate = Certificate.fromBER(Uint8Array.from(der))
    this.#read.set(der, certificate)
    return certificate
  }
}

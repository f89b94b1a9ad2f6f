import type { X509BundleSource } from '../../../src/bundle/source.ts'
import { X509Bundle } from '../../../src/bundle/x509/x509-bundle.ts'
import { SVIDError } from '../../../src/svid/error.ts'
import { type VerifyOptions, verify } from '../../../src/svid/x509/index.ts'
import type { Minted } from '../../support/mint.ts'

/** The bundle of acme.internal with these authorities. */
export function bundleOf(...authorities: readonly Minted[]): X509Bundle {
  return X509Bundle.fromX509Authorities(
    'acme.internal',
    authorities.map(({ der }) => der),
  )
}

/** The code that an action is refused with, or `accepted`. */
export function verdictOf(action: () => unknown): string {
  try {
    action()
    return 'accepted'
  } catch (error) {
    if (error instanceof SVIDError) return error.code
    throw error
  }
}

/** The refusal of an action; it has to be refused. */
export function refusalOf(action: () => unknown): SVIDError {
  try {
    action()
  } catch (error) {
    if (error instanceof SVIDError) return error
    throw error
  }
  throw new Error('it was accepted')
}

/** What becomes of a chain, leaf first: `accepted`, or the code that it is refused with. */
export function verdict(
  chain: readonly (Minted | Uint8Array)[],
  bundles: X509BundleSource,
  options: VerifyOptions = {},
): string {
  return verdictOf(() => verify(chain.map(derOf), bundles, options))
}

export function derOf(certificate: Minted | Uint8Array): Uint8Array {
  return certificate instanceof Uint8Array ? certificate : certificate.der
}

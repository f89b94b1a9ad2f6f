import type { JWTBundleSource } from '../../../src/bundle/source.ts'
import { SVIDError } from '../../../src/svid/error.ts'
import { type ParseAndValidateOptions, parseAndValidate } from '../../../src/svid/jwt/index.ts'
import { bundleOf, NOW, signer } from '../../support/jwt.ts'

/** The authority that signs where a test does not care which. */
export const AUTHORITY = signer('ES256')

/** The bundle that holds it. */
export const BUNDLE = bundleOf('acme.internal', AUTHORITY)

/** The refusal of a token; it has to be refused. */
export async function refusalOf(
  text: string,
  options: ParseAndValidateOptions = {},
  bundles: JWTBundleSource = BUNDLE,
): Promise<SVIDError> {
  try {
    await parseAndValidate(text, bundles, 'orders', { now: NOW, ...options })
  } catch (error) {
    if (error instanceof SVIDError) return error
    throw error
  }
  throw new Error('it was accepted')
}

/** `accepted`, or the code that a token is refused with. */
export async function verdictOf(
  text: string,
  options: ParseAndValidateOptions = {},
  bundles: JWTBundleSource = BUNDLE,
): Promise<string> {
  try {
    await parseAndValidate(text, bundles, 'orders', { now: NOW, ...options })
    return 'accepted'
  } catch (error) {
    if (error instanceof SVIDError) return error.code
    throw error
  }
}

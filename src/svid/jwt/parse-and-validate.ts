import type { JWTBundleSource } from '../../bundle/source.ts'
import type { JWTSVID } from './jwt-svid.ts'
import type { Audiences, ParseAndValidateOptions } from './options.ts'

export declare function parseAndValidate(
  token: string,
  bundles: JWTBundleSource,
  audiences: Audiences,
  options?: ParseAndValidateOptions,
): Promise<JWTSVID>

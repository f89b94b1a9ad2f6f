import type { JWTSVID } from './jwt-svid.ts'
import type { Audiences, ParseInsecureOptions } from './options.ts'

export declare function parseInsecure(
  token: string,
  audiences: Audiences,
  options?: ParseInsecureOptions,
): JWTSVID

import { GoSpiffe } from './go-spiffe.ts'
import { compareIDs } from './validate/ids.ts'
import { compareJWT } from './validate/jwt.ts'
import { compareX509 } from './validate/x509.ts'

/** How fast identities are validated: tokens, certificates and IDs. */
export async function validate(): Promise<void> {
  const go = GoSpiffe.build()
  try {
    await compareJWT(go)
    await compareX509(go)
    await compareIDs(go)
  } finally {
    await go?.[Symbol.asyncDispose]()
  }
}

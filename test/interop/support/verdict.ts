import { SpiffeError } from '../../../src/errors.ts'
import type { SpiffeID } from '../../../src/spiffeid/index.ts'

/** What we say of something: the identity that was found good, or the refusal. */
export type OurVerdict = { readonly id: string } | { readonly refusal: SpiffeError }

/** Lets our library judge. What is no refusal is thrown on. */
export async function judge(
  verify: () => { readonly id: SpiffeID } | Promise<{ readonly id: SpiffeID }>,
): Promise<OurVerdict> {
  try {
    return { id: (await verify()).id.toString() }
  } catch (error) {
    if (error instanceof SpiffeError) return { refusal: error }
    throw error
  }
}

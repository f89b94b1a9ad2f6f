import { SpiffeError } from '../../../src/errors.ts'
import type { SpiffeID } from '../../../src/spiffeid/index.ts'

/** What we say of something: the identity that was found good, or the refusal. */
export type OurVerdict = { readonly id: string } | { readonly refusal: SpiffeError }

/** What another validator says: the identity, where it can tell that, or why it refuses. */
export type TheirVerdict = { readonly id?: string } | { readonly error: string }

/** Whether both accept, and the same identity as far as they tell, or both refuse. */
export function isSame(us: OurVerdict, them: TheirVerdict): boolean {
  if ('refusal' in us || 'error' in them) return 'refusal' in us && 'error' in them
  return them.id === undefined || them.id === us.id
}

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

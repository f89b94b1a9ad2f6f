import { SpiffeID } from '../../src/spiffeid/index.ts'
import type { GoSpiffe } from '../go-spiffe.ts'
import { compare, contender, print } from '../harness.ts'

/** Parsing of SPIFFE IDs of a usual, a long and the longest length. */
export async function compareIDs(go: GoSpiffe | undefined): Promise<void> {
  for (const bytes of [36, 164, 2048]) {
    const id = idOf(bytes)
    const results = await compare([
      contender('js-spiffe', () => SpiffeID.parse(id)),
      ...(go === undefined ? [] : [await go.contender({ ids: [id] })]),
    ])
    print(`SPIFFE ID of ${bytes} bytes`, results)
  }
}

/** An ID of so many bytes, as text that was read and not put together: V8 takes longer to read the other. */
function idOf(bytes: number): string {
  const text = `spiffe://acme.internal/ns/prod/sa${'/workload-0123456789'.repeat(bytes / 20 + 1)}`
  return Buffer.from(text.slice(0, bytes)).toString('latin1')
}

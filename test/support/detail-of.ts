import { SpiffeError } from '../../src/errors.ts'

/** What an error says before the rule and the remedy, which are told by its code; a `TypeError` whole. */
export async function detailOf(refused: () => unknown): Promise<string> {
  try {
    await refused()
  } catch (error) {
    if (!(error instanceof SpiffeError)) return String(error)
    const end = error.message.indexOf(` (${error.rule}); `)
    return error.message.slice(0, end)
  }
  return 'it was not refused'
}

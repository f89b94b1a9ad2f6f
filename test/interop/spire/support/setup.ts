import { Keeper } from '../../support/keeper.ts'
import { sayWhatIsMissing } from '../../support/say-what-is-missing.ts'
import { buildSpire } from './build.ts'
import { missingForSpire } from './missing.ts'

/** Builds SPIRE before the first suite, which else would each begin to: they run side by side. */
export async function setup(): Promise<void> {
  sayWhatIsMissing('spire', missingForSpire)
  if (missingForSpire !== undefined) return
  const keeper = Keeper.start()
  try {
    await buildSpire(keeper)
  } finally {
    await keeper.close()
  }
}

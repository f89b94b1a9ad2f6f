import { missingForGo } from '../../support/go.ts'
import { Keeper } from '../../support/keeper.ts'
import { buildSpire } from './build.ts'

/** Builds SPIRE before the first suite, which else would each begin to: they run side by side. */
export async function setup(): Promise<void> {
  if (missingForGo !== undefined) return
  const keeper = Keeper.start()
  try {
    await buildSpire(keeper)
  } finally {
    await keeper.close()
  }
}

import path from 'node:path'
import { goBuild } from '../../support/go.ts'
import type { Keeper } from '../../support/keeper.ts'

const module = path.join(import.meta.dirname, '..')

/** Builds SPIRE, about six minutes the first time. @returns The folder of `spire-server` and `spire-agent`. */
export const buildSpire = (keeper: Keeper): Promise<string> =>
  goBuild(keeper, { name: 'spire-1.15.3', module, packages: ['tool'] })

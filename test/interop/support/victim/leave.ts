import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { Keeper } from '../keeper.ts'

/** What a suite has made. */
export interface Leavings {
  readonly event: 'made'
  /** With a file in it. */
  readonly folder: string
  /** Groups of processes: one that hears no signal, and one that is frozen. */
  readonly groups: readonly (number | undefined)[]
}

/** Makes what a suite makes, and does not clean up. */
export function leave(): Leavings {
  const keeper = Keeper.start()
  const folder = keeper.folder()
  writeFileSync(path.join(folder, 'socket'), '')
  const sleeper = keeper.spawn('sh', ['-c', 'trap "" TERM INT HUP; sleep 600 & wait'])
  const frozen = keeper.spawn('sleep', ['600'])
  frozen.kill('SIGSTOP')
  return { event: 'made', folder, groups: [sleeper.pid, frozen.pid] }
}

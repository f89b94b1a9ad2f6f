import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { Keeper } from './keeper.ts'

// Makes what a suite makes, prints it and then ends in the way it is told, without cleaning up.
const keeper = Keeper.start()
const folder = keeper.folder()
writeFileSync(path.join(folder, 'socket'), '')
const sleeper = keeper.spawn('sh', ['-c', 'trap "" TERM INT HUP; sleep 600 & wait'])
const frozen = keeper.spawn('sleep', ['600'])
frozen.kill('SIGSTOP')
process.stdout.write(`${JSON.stringify({ event: 'made', folder, groups: [sleeper.pid, frozen.pid] })}\n`)

process.stdin.once('data', () => {
  if (process.argv[2] === 'throw') throw new Error('as a failing suite would')
})

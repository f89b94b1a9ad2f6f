import { leave } from './leave.ts'

// Says what it leaves and then ends in the way it is told.
process.stdout.write(`${JSON.stringify(leave())}\n`)

process.stdin.once('data', () => {
  if (process.argv[2] === 'throw') throw new Error('as a failing suite would')
})

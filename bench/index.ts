/**
 * `npm run bench -- validate` (or `handshake`) measures by ratios within one run. Times are for orientation: machines differ,
 * and so does what else they do.
 */
import { handshake } from './handshake.ts'
import { validate } from './validate.ts'

const benches: ReadonlyMap<string, () => Promise<void>> = new Map([
  ['validate', validate],
  ['handshake', handshake],
])

const [name = ''] = process.argv.slice(2)
const bench = benches.get(name)
if (bench === undefined) {
  console.error(`usage: npm run bench -- ${[...benches.keys()].join('|')}`)
  process.exitCode = 2
} else {
  await bench()
}

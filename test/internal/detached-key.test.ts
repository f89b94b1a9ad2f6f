import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { detachedKey } from '../../src/internal/detached-key.ts'

const run = promisify(execFile)
const module = new URL('../../src/internal/detached-key.ts', import.meta.url)
// Asked for the JWKs of the keys themselves, Node 20 gets stuck as soon as there is garbage to collect.
const keys = 300
const timesEach = 50
const longestMs = 60_000

it('is the same key in an object of its own', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const copy = detachedKey(publicKey)
  expect(copy).not.toBe(publicKey)
  expect(copy.equals(publicKey)).toBe(true)
})

it('gives its JWK also while what generated the key is collected as garbage', {
  timeout: longestMs,
}, async () => {
  const program = `
    import { generateKeyPairSync } from 'node:crypto'
    import { detachedKey } from ${JSON.stringify(module)}
    let given = 0
    for (let made = 0; made < ${keys}; made++) {
      const copy = detachedKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)
      for (let again = 0; again < ${timesEach}; again++) if (copy.export({ format: 'jwk' }).kty === 'EC') given++
    }
    console.log(given)`
  const { stdout } = await run(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { timeout: longestMs, killSignal: 'SIGKILL' },
  )
  expect(stdout.trim()).toBe(String(timesEach * keys))
})

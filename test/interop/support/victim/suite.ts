import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'vitest'
import { leave } from './leave.ts'

// Says what it leaves, where it was told to, and then goes on until it is ended.
test('is interrupted', async () => {
  const leavings = leave()
  // A worker that has something to tell just then finds that vitest is gone; one that only waits does not.
  await delay(1_000)
  writeFileSync(process.env['LEAVINGS'] ?? '', JSON.stringify(leavings))
  await delay(600_000)
}, 600_000)

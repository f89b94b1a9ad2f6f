import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFileWithin } from '../../src/internal/read-file.ts'

let file: string
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-'))
  file = join(folder, 'file')
})
afterEach(() => rm(folder, { recursive: true }))

describe('readFileWithin', () => {
  it('gives the bytes of a file that is within the limit, and of no other', async () => {
    await writeFile(file, Buffer.alloc(200_000, 7))
    expect(await readFileWithin(200_000, file)).toEqual(Buffer.alloc(200_000, 7))
    expect(await readFileWithin(199_999, pathToFileURL(file))).toBeUndefined()
    await writeFile(file, '')
    expect(await readFileWithin(0, file)).toHaveLength(0)
  })

  it('gives up on what never ends', async () => {
    expect(await readFileWithin(1_000_000, '/dev/zero')).toBeUndefined()
  })

  it('ends when it is told to, also while it reads', async () => {
    const reason = new Error('enough')
    await writeFile(file, 'x')
    await expect(readFileWithin(1, file, AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const reading = readFileWithin(Number.MAX_SAFE_INTEGER, '/dev/zero', controller.signal)
    setImmediate(() => controller.abort(reason))
    await expect(reading).rejects.toBe(reason)
  })
})

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FileFault, readFileWithin } from '../../src/internal/read-file.ts'

const read = (limit: number, path: string | URL, signal?: AbortSignal): Promise<Uint8Array> =>
  readFileWithin(
    limit,
    path,
    (fault: FileFault, detail, options) => Object.assign(new Error(detail, options), { fault }),
    signal,
  )

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
    expect(Buffer.alloc(200_000, 7).equals(await read(200_000, file))).toBe(true)
    await expect(read(199_999, pathToFileURL(file))).rejects.toMatchObject({
      fault: 'too large',
      message: expect.stringContaining(`${file}" is larger than 199999 bytes`),
    })
    await writeFile(file, '')
    expect(await read(0, file)).toHaveLength(0)
  })

  it.skipIf(process.platform !== 'linux')('leaves no file open, whatever comes of it', async () => {
    await writeFile(file, 'x')
    const openFiles = (): number => readdirSync('/proc/self/fd').length
    const before = openFiles()
    for (let at = 0; at < 20; at++) {
      await read(1, file)
      await expect(read(0, file)).rejects.toMatchObject({ fault: 'too large' })
      await expect(read(1, folder)).rejects.toMatchObject({ fault: 'unreadable' })
    }
    expect(openFiles()).toBeLessThan(before + 20)
  })

  it('follows links to a file, as Kubernetes mounts its volumes', async () => {
    await mkdir(join(folder, '..2030_01_01'))
    await writeFile(join(folder, '..2030_01_01', 'bundle.pem'), 'x')
    await symlink('..2030_01_01', join(folder, '..data'))
    await symlink(join('..data', 'bundle.pem'), join(folder, 'bundle.pem'))
    expect(await read(1, join(folder, 'bundle.pem'))).toEqual(Buffer.from('x'))
  })

  it('says why a file cannot be read', async () => {
    await expect(read(1, file)).rejects.toMatchObject({
      fault: 'unreadable',
      message: `the file "${file}" cannot be read`,
      cause: expect.objectContaining({ code: 'ENOENT' }),
    })
  })

  it.skipIf(process.platform === 'win32')('waits for no pipe, whoever else may', async () => {
    await writeFile(file, 'x')
    expect(await read(1, file)).toHaveLength(1)
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    await symlink(pipe, join(folder, 'link'))
    for (const path of [pipe, join(folder, 'link')]) {
      await expect(read(1, path)).rejects.toMatchObject({
        fault: 'unreadable',
        message: `the file "${path}" is a pipe and no regular file`,
      })
    }
  })

  it.skipIf(process.platform === 'win32')('refuses a directory, a device and a socket', async () => {
    await expect(read(1, folder)).rejects.toMatchObject({
      fault: 'unreadable',
      message: `the file "${folder}" is a directory and no regular file`,
    })
    await expect(read(1, '/dev/zero')).rejects.toMatchObject({
      fault: 'unreadable',
      message: 'the file "/dev/zero" is a device and no regular file',
    })
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(file, resolve))
    await expect(read(1, file)).rejects.toMatchObject({ fault: 'unreadable' })
    await new Promise((resolve) => void server.close(resolve))
  })

  it('ends when it is told to, also while it reads', async () => {
    const reason = new Error('enough')
    await writeFile(file, 'x')
    await expect(read(1, file, AbortSignal.abort(reason))).rejects.toBe(reason)
    // A file of holes, which nobody could read to its end.
    await truncate(file, 2 ** 40)
    const controller = new AbortController()
    const reading = read(Number.MAX_SAFE_INTEGER, file, controller.signal)
    setImmediate(() => controller.abort(reason))
    await expect(reading).rejects.toBe(reason)
  })
})

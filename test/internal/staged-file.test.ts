import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StagedFile } from '../../src/internal/staged-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'staged-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('StagedFile', () => {
  it('is beside its place until it is put there, with its permissions from the start', async () => {
    const target = join(folder, 'key.pem')
    await writeFile(target, 'old')
    await chmod(target, 0o644)
    const staged = await StagedFile.write(target, 'new', 0o600)
    const [name] = (await readdir(folder)).filter((each) => each !== 'key.pem')
    expect((await stat(join(folder, name ?? ''))).mode & 0o777).toBe(0o600)
    expect(await readFile(target, 'utf8')).toBe('old')
    await staged.commit()
    expect(await readFile(target, 'utf8')).toBe('new')
    expect((await stat(target)).mode & 0o777).toBe(0o600)
    await staged.discard()
    expect(await readdir(folder)).toEqual(['key.pem'])
  })

  it('leaves nothing when it is discarded, or cannot be written', async () => {
    const target = join(folder, 'key.pem')
    const staged = await StagedFile.write(target, 'new', 0o600)
    await staged.discard()
    await expect(StagedFile.write(target, { not: 'bytes' } as never, 0o600)).rejects.toThrow(TypeError)
    await expect(StagedFile.write(join(folder, 'no', 'key.pem'), 'new', 0o600)).rejects.toThrow('ENOENT')
    expect(await readdir(folder)).toEqual([])
  })

  it('does not take the place of a socket, and cannot be below a file', async () => {
    const socket = join(folder, 'socket')
    const server = createServer().listen(socket)
    await once(server, 'listening')
    await expect(StagedFile.write(socket, 'new', 0o600)).rejects.toThrow(
      `the file "${socket}" is a socket and no regular file`,
    )
    server.close()
    await writeFile(join(folder, 'file'), 'old')
    await expect(StagedFile.write(join(folder, 'file', 'key.pem'), 'new', 0o600)).rejects.toThrow('ENOTDIR')
  })

  it('copies what is there, to be put back', async () => {
    const target = join(folder, 'cert.pem')
    expect(await StagedFile.copyOf(target)).toBeUndefined()
    await writeFile(target, 'old')
    const copy = await StagedFile.copyOf(target)
    await writeFile(target, 'new')
    await copy?.commit()
    expect(await readFile(target, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['cert.pem'])
    await expect(StagedFile.copyOf(folder)).rejects.toThrow()
  })

  it('copies a link as a link, wherever it leads', async () => {
    const target = join(folder, 'cert.pem')
    await symlink('/dev/zero', target)
    const copy = await StagedFile.copyOf(target)
    await rm(target)
    await copy?.commit()
    expect(await readlink(target)).toBe('/dev/zero')
  })

  it.skipIf(process.platform === 'win32')('neither waits for a pipe nor replaces it', async () => {
    const target = join(folder, 'cert.pem')
    await writeFile(target, 'old')
    for (const stage of [() => StagedFile.copyOf(target), () => StagedFile.write(target, 'new', 0o600)]) {
      await (await stage())?.discard()
    }
    await rm(target)
    execFileSync('mkfifo', [target])
    await expect(StagedFile.copyOf(target)).rejects.toThrow('is a pipe and no regular file')
    await expect(StagedFile.write(target, 'new', 0o600)).rejects.toThrow('is a pipe and no regular file')
    expect((await lstat(target)).isFIFO()).toBe(true)
    expect(await readdir(folder)).toEqual(['cert.pem'])
  })
})

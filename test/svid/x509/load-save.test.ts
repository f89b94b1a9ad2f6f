import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SVIDError } from '../../../src/svid/error.ts'
import { X509SVID } from '../../../src/svid/index.ts'
import { load, save } from '../../../src/svid/x509/index.ts'
import { concatenated, type Minted, mintCA, mintLeaf } from '../../support/mint.ts'

const ROOT = mintCA()
const svidOf = (leaf: Minted): X509SVID => X509SVID.parseRaw(concatenated(leaf, ROOT), leaf.keyDER)
const OLD = svidOf(mintLeaf('spiffe://acme.internal/old', ROOT))
const NEW = svidOf(mintLeaf('spiffe://acme.internal/new', ROOT))

let folder: string
let certificateFile: string
let keyFile: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'svid-'))
  certificateFile = join(folder, 'svid.pem')
  keyFile = join(folder, 'svid-key.pem')
})
afterEach(() => rm(folder, { recursive: true }))

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action
    return 'accepted'
  } catch (error) {
    if (error instanceof SVIDError) return error.code
    throw error
  }
}

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777

describe('save and load', () => {
  it('give back what was saved, and replace what was there', async () => {
    await save(OLD, certificateFile, keyFile)
    expect((await load(certificateFile, keyFile)).id.equals(OLD.id)).toBe(true)
    await save(NEW, pathToFileURL(certificateFile), pathToFileURL(keyFile))
    const loaded = await load(pathToFileURL(certificateFile), pathToFileURL(keyFile), { hint: 'internal' })
    expect(loaded.marshal()).toEqual(NEW.marshal())
    expect(loaded.hint).toBe('internal')
    expect((await readdir(folder)).sort()).toEqual(['svid-key.pem', 'svid.pem'])
  })

  it('keep the key for its owner alone, whatever was there', async () => {
    await writeFile(keyFile, 'everybody reads this')
    await chmod(keyFile, 0o666)
    await save(NEW, certificateFile, keyFile)
    expect(await modeOf(keyFile)).toBe(0o600)
    expect((await modeOf(certificateFile)) & 0o400).toBe(0o400)
  })

  it('take one file for both', async () => {
    const both = join(folder, 'both.pem')
    await save(NEW, both, join(folder, '.', 'both.pem'))
    expect((await load(both, both)).marshal()).toEqual(NEW.marshal())
    expect(await modeOf(both)).toBe(0o600)
    expect(await readdir(folder)).toEqual(['both.pem'])
  })
})

describe('save', () => {
  it('leaves what the last call was given, also where calls overlap', async () => {
    const first = [OLD, NEW, OLD, NEW, OLD, NEW, OLD]
    for (const last of [NEW, OLD, NEW, OLD]) {
      await Promise.all([...first, last].map((svid) => save(svid, certificateFile, keyFile)))
      expect((await load(certificateFile, keyFile)).marshal()).toEqual(last.marshal())
    }
  })

  it('takes turns also by other names of the files, and after a call that failed', async () => {
    const link = join(folder, 'link')
    await symlink('.', link)
    const saving = [
      save(OLD, certificateFile, keyFile),
      save(OLD, join(folder, 'no', 'svid.pem'), keyFile),
      save(OLD, join(link, 'svid.pem'), join(link, 'svid-key.pem')),
      save(NEW, certificateFile, keyFile),
    ]
    expect(await Promise.all(saving.map(codeOf))).toEqual([
      'accepted',
      'ERR_SPIFFE_X509_SVID_FILE',
      'accepted',
      'accepted',
    ])
    expect((await load(certificateFile, keyFile)).marshal()).toEqual(NEW.marshal())
  })

  it('takes two names of one file for one file', async () => {
    const link = join(folder, 'link')
    await symlink('.', link)
    const both = join(folder, 'both.pem')
    await save(NEW, both, join(link, 'both.pem'))
    expect((await load(both, both)).marshal()).toEqual(NEW.marshal())
    expect(await modeOf(both)).toBe(0o600)
  })

  it('replaces a symbolic link and leaves alone what it points to', async () => {
    const target = join(folder, 'target')
    await writeFile(target, 'untouched')
    await symlink(target, keyFile)
    await save(NEW, certificateFile, keyFile)
    expect(await readFile(target, 'utf8')).toBe('untouched')
    expect((await load(certificateFile, keyFile)).id.equals(NEW.id)).toBe(true)
  })

  it.each([
    ['the key cannot be written', 'no/svid-key.pem', 'svid.pem'],
    ['the certificates cannot be written', 'svid-key.pem', 'no/svid.pem'],
    ['the key cannot be moved', 'folder', 'svid.pem'],
    ['the certificates cannot be moved', 'svid-key.pem', 'folder'],
  ])('leaves everything as it was when %s', async (_, key, certificates) => {
    await save(OLD, certificateFile, keyFile)
    await mkdir(join(folder, 'folder', 'full'), { recursive: true })
    const before = await readdir(folder)
    expect(await codeOf(save(NEW, join(folder, certificates), join(folder, key)))).toBe(
      'ERR_SPIFFE_X509_SVID_FILE',
    )
    expect(await readdir(folder)).toEqual(before)
    expect((await load(certificateFile, keyFile)).marshal()).toEqual(OLD.marshal())
  })

  it('leaves no certificates where there were none and the key cannot be moved', async () => {
    await mkdir(join(folder, 'folder', 'full'), { recursive: true })
    expect(await codeOf(save(NEW, certificateFile, join(folder, 'folder')))).toBe('ERR_SPIFFE_X509_SVID_FILE')
    expect(await readdir(folder)).toEqual(['folder'])
    const one = join(folder, 'folder')
    expect(await codeOf(save(NEW, one, one))).toBe('ERR_SPIFFE_X509_SVID_FILE')
    expect(await readdir(folder)).toEqual(['folder'])
  })

  it.skipIf(process.platform === 'win32')('neither waits for a pipe nor replaces it', async () => {
    await save(OLD, certificateFile, keyFile)
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const [certificates, key] of [
      [pipe, keyFile],
      [certificateFile, pipe],
      [pipe, pipe],
    ] as const) {
      await expect(save(NEW, certificates, key)).rejects.toMatchObject({
        code: 'ERR_SPIFFE_X509_SVID_FILE',
        cause: expect.objectContaining({ message: `the file "${pipe}" is a pipe and no regular file` }),
      })
    }
    expect((await lstat(pipe)).isFIFO()).toBe(true)
    expect((await load(certificateFile, keyFile)).marshal()).toEqual(OLD.marshal())
    expect((await readdir(folder)).sort()).toEqual(['pipe', 'svid-key.pem', 'svid.pem'])
  })

  it('puts a link back, where the key cannot be moved', async () => {
    await symlink('target', certificateFile)
    await mkdir(join(folder, 'folder', 'full'), { recursive: true })
    expect(await codeOf(save(NEW, certificateFile, join(folder, 'folder')))).toBe('ERR_SPIFFE_X509_SVID_FILE')
    expect(await readlink(certificateFile)).toBe('target')
  })

  it('throws a TypeError for what is no SVID', async () => {
    await expect(save({ marshal: () => NEW.marshal() } as never, certificateFile, keyFile)).rejects.toThrow(
      TypeError,
    )
  })

  it('never shows half of anything to who reads meanwhile', async () => {
    await save(OLD, certificateFile, keyFile)
    let isSaving = true
    const reading = (async () => {
      let reads = 0
      while (isSaving) {
        const pem = [await readFile(certificateFile, 'utf8'), await readFile(keyFile, 'utf8')]
        expect([OLD, NEW].some((svid) => svid.marshal().certificates === pem[0])).toBe(true)
        expect([OLD, NEW].some((svid) => svid.marshal().privateKey === pem[1])).toBe(true)
        reads += 1
      }
      return reads
    })()
    for (let i = 0; i < 20; i++) await save(i % 2 === 0 ? NEW : OLD, certificateFile, keyFile)
    isSaving = false
    expect(await reading).toBeGreaterThan(0)
  })
})

describe('load', () => {
  it.each([
    ['are of two SVIDs', OLD.marshal().privateKey],
    ['are half written', NEW.marshal().privateKey.slice(0, 100)],
    ['are empty', ''],
  ])('reads again when the files %s for a moment', async (_, key) => {
    await writeFile(certificateFile, NEW.marshal().certificates)
    await writeFile(keyFile, key)
    const loading = load(certificateFile, keyFile)
    setImmediate(() => void writeFile(keyFile, NEW.marshal().privateKey))
    expect((await loading).id.equals(NEW.id)).toBe(true)
  })

  it('reads four times at most, and only for what may be half replaced', async () => {
    await writeFile(certificateFile, NEW.marshal().certificates)
    await writeFile(keyFile, OLD.marshal().privateKey)
    const parse = vi.spyOn(X509SVID, 'parse')
    try {
      expect(await codeOf(load(certificateFile, keyFile))).toBe('ERR_SPIFFE_X509_SVID_KEY_MISMATCH')
      expect(parse).toHaveBeenCalledTimes(4)
      parse.mockClear()
      await expect(load(certificateFile, keyFile, { hint: 1 as never })).rejects.toThrow(TypeError)
      expect(parse).toHaveBeenCalledTimes(1)
      parse.mockClear()
      parse.mockImplementationOnce((certificates, key, options) => {
        writeFileSync(keyFile, NEW.marshal().privateKey)
        parse.mockRestore()
        return X509SVID.parse(certificates, key, options)
      })
      expect((await load(certificateFile, keyFile)).id.equals(NEW.id)).toBe(true)
    } finally {
      parse.mockRestore()
    }
  })

  it('refuses files that stay of two SVIDs', async () => {
    await save(OLD, certificateFile, keyFile)
    await writeFile(certificateFile, NEW.marshal().certificates)
    expect(await codeOf(load(certificateFile, keyFile))).toBe('ERR_SPIFFE_X509_SVID_KEY_MISMATCH')
    await save(NEW, certificateFile, keyFile)
    expect(await codeOf(load(certificateFile, keyFile))).toBe('accepted')
  })

  it('refuses what is not there, cannot be read or is too large', async () => {
    await save(NEW, certificateFile, keyFile)
    expect(await codeOf(load(join(folder, 'no'), keyFile))).toBe('ERR_SPIFFE_X509_SVID_FILE')
    expect(await codeOf(load(certificateFile, folder))).toBe('ERR_SPIFFE_X509_SVID_FILE')
    await expect(load(join(folder, 'no'), keyFile)).rejects.toThrow('cannot be read')
    const large = join(folder, 'large')
    await writeFile(large, '')
    await truncate(large, 1024 * 1024 + 1)
    await expect(load(certificateFile, large)).rejects.toThrow('is larger than 1048576 bytes')
    expect(await codeOf(load(certificateFile, large))).toBe('ERR_SPIFFE_X509_SVID_FILE')
    await expect(load(certificateFile, keyFile, { hint: 1 as never })).rejects.toThrow(TypeError)
    await writeFile(certificateFile, 'nothing')
    expect(await codeOf(load(certificateFile, keyFile))).toBe('ERR_SPIFFE_X509_SVID_NO_CERTIFICATE')
  })

  it.skipIf(process.platform === 'win32')('refuses a pipe, and does not wait for it', async () => {
    await save(NEW, certificateFile, keyFile)
    expect(await codeOf(load(certificateFile, keyFile))).toBe('accepted')
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const [certificates, key] of [
      [pipe, keyFile],
      [certificateFile, pipe],
    ] as const) {
      await expect(load(certificates, key)).rejects.toMatchObject({
        code: 'ERR_SPIFFE_X509_SVID_FILE',
        message: expect.stringContaining('pipe" is a pipe and no regular file'),
      })
    }
  })

  it('ends with the reason of its signal', async () => {
    await save(NEW, certificateFile, keyFile)
    const reason = new Error('enough')
    await expect(load(certificateFile, keyFile, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(
      load(certificateFile, keyFile, { signal: new AbortController().signal }),
    ).resolves.toBeDefined()
  })
})

import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BundleMap, JWTBundle, SpiffeBundle, X509Bundle } from '../../src/bundle/index.ts'
import { SpiffeIDError } from '../../src/spiffeid/index.ts'
import { keys } from './jwt/keys.ts'
import { authorities, concatenated } from './x509/certificates.ts'

const { ec, rsa } = authorities
const x509Bundle = X509Bundle.fromX509Authorities('acme.internal', [ec, rsa])
const jwtBundle = JWTBundle.fromJWTAuthorities('acme.internal', [['a', keys.RSA]])
const spiffeBundle = SpiffeBundle.from('acme.internal', { x509Bundle, jwtBundle, sequenceNumber: 7n })
const bundleMap = BundleMap.from([spiffeBundle])

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function file(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'bundle')
  await writeFile(path, content)
  return path
}

describe('loading', () => {
  test('an X.509 bundle takes PEM and DER', async () => {
    const pem = await file(`0 s:CN=ec\n${ec}${rsa}`)
    expect((await X509Bundle.load('acme.internal', pem)).equals(x509Bundle)).toBe(true)
    const der = await file(concatenated(ec, rsa))
    expect((await X509Bundle.load('acme.internal', pathToFileURL(der))).equals(x509Bundle)).toBe(true)
  })

  test.each(['Ёлка', '0é', '# CA'])('an X.509 bundle takes PEM after the text %j', async (text) => {
    const bundle = await X509Bundle.load('acme.internal', await file(`${text}\n${ec}`))
    expect(bundle.has(ec)).toBe(true)
  })

  test('a document that says so trusts nothing', async () => {
    const path = await file('{"keys":[]}')
    expect((await JWTBundle.load('acme.internal', path)).isEmpty).toBe(true)
    expect((await SpiffeBundle.load('acme.internal', path)).isEmpty).toBe(true)
  })

  test.each<[string, string | Uint8Array]>([
    ['text', '0'],
    ['text that begins as a certificate does', '0 certificates'],
    ['a certificate cut short', ec.raw.subarray(0, 100)],
    ['a first byte alone', Uint8Array.of(0x30)],
    ['an indefinite length', Buffer.concat([Uint8Array.of(0x30, 0x80), ec.raw, new Uint8Array(2)])],
  ])('an X.509 bundle refuses %s', async (_, content) => {
    expect((await X509Bundle.load('acme.internal', await file(ec.raw))).has(ec)).toBe(true)
    await expect(X509Bundle.load('acme.internal', await file(content))).rejects.toMatchObject({
      name: 'BundleError',
      code: 'ERR_SPIFFE_X509_BUNDLE_MALFORMED',
    })
  })

  test('a JWT bundle, a SPIFFE bundle and a bundle map takes what they write', async () => {
    expect((await JWTBundle.load('acme.internal', await file(jwtBundle.marshal()))).equals(jwtBundle)).toBe(
      true,
    )
    expect(
      (await SpiffeBundle.load('acme.internal', await file(spiffeBundle.marshal()))).equals(spiffeBundle),
    ).toBe(true)
    expect((await BundleMap.load(await file(bundleMap.marshal()))).equals(bundleMap)).toBe(true)
  })
})

const loaders: readonly [string, number, (path: string | URL, signal?: AbortSignal) => Promise<unknown>][] = [
  ['X509Bundle', 16, (path, signal) => X509Bundle.load('acme.internal', path, { signal })],
  ['JWTBundle', 16, (path, signal) => JWTBundle.load('acme.internal', path, { signal })],
  ['SpiffeBundle', 16, (path, signal) => SpiffeBundle.load('acme.internal', path, { signal })],
  ['BundleMap', 64, (path, signal) => BundleMap.load(path, { signal })],
]

describe.each(loaders)('%s.load', (_, mebibytes, load) => {
  test('says which file is not there, and why', async () => {
    const path = join(folder, 'not there')
    await expect(load(path)).rejects.toMatchObject({
      code: 'ERR_SPIFFE_BUNDLE_FILE_UNREADABLE',
      message: expect.stringContaining(path),
      cause: expect.objectContaining({ code: 'ENOENT' }),
    })
  })

  test.skipIf(process.platform === 'win32')('refuses a directory, a device and a pipe', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const path of [folder, '/dev/zero', pipe]) {
      await expect(load(path)).rejects.toMatchObject({
        code: 'ERR_SPIFFE_BUNDLE_FILE_UNREADABLE',
        message: expect.stringContaining('and no regular file'),
      })
    }
    await rm(pipe)
  })

  test.each(['', '\n', ' \t\r\n', '\ufeff'])('refuses a file with nothing but %j', async (content) => {
    await expect(load(await file(`${content}x`))).rejects.not.toMatchObject({
      code: 'ERR_SPIFFE_BUNDLE_FILE_UNREADABLE',
    })
    await expect(load(await file(content))).rejects.toMatchObject({
      code: 'ERR_SPIFFE_BUNDLE_FILE_UNREADABLE',
      message: expect.stringContaining('bundle" is empty'),
    })
  })

  test('reads so many MiB and not one byte more', async () => {
    const path = await file('')
    await truncate(path, mebibytes * 1024 * 1024)
    await expect(load(path)).rejects.not.toMatchObject({ code: 'ERR_SPIFFE_BUNDLE_TOO_LARGE' })
    await truncate(path, mebibytes * 1024 * 1024 + 1)
    await expect(load(path)).rejects.toMatchObject({ code: 'ERR_SPIFFE_BUNDLE_TOO_LARGE' })
  })

  test('throws the reason of a signal that is aborted before, and of one that is aborted meanwhile', async () => {
    const reason = new Error('enough')
    await expect(load(join(folder, 'not there'), AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const loading = load(await file('{}'), controller.signal)
    controller.abort(reason)
    await expect(loading).rejects.toBe(reason)
  })
})

test('a trust domain that is none is refused before a file is opened', async () => {
  const path = join(folder, 'not there')
  await expect(X509Bundle.load('Acme', path)).rejects.toBeInstanceOf(SpiffeIDError)
  await expect(JWTBundle.load('Acme', path)).rejects.toBeInstanceOf(SpiffeIDError)
  await expect(SpiffeBundle.load('Acme', path)).rejects.toBeInstanceOf(SpiffeIDError)
})

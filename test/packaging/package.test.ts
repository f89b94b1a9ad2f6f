import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)

const subpaths = [
  '',
  '/bundle',
  '/errors',
  '/http',
  '/spiffeid',
  '/svid',
  '/testing',
  '/tlsconfig',
  '/workloadapi',
]
const mayLoadGRPC = new Set(['/testing'])

// A consumer as npm would leave it: our tarball unpacked, the dependencies beside it.
let consumer: string

beforeAll(async () => {
  consumer = mkdtempSync(join(tmpdir(), 'js-spiffe-consumer-'))
  const { stdout } = await run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', consumer],
    { timeout: 60_000 },
  )
  const tarball = join(consumer, JSON.parse(stdout)[0].filename)
  const modules = join(consumer, 'node_modules')
  await mkdir(join(modules, 'js-spiffe'), { recursive: true })
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'js-spiffe')])
  for (const dependency of [
    '@grpc',
    '@types',
    '@peculiar',
    'google-protobuf',
    'jose',
    'reflect-metadata',
    'undici-types',
  ]) {
    symlinkSync(resolve('node_modules', dependency), join(modules, dependency))
  }
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ type: 'module' }))
})

afterAll(() => rmSync(consumer, { recursive: true, force: true }))

/** Runs a script in the consumer's folder and gives back what it printed. */
async function script(code: string, name = 'script.mjs'): Promise<string> {
  const file = join(consumer, name)
  writeFileSync(file, code)
  const { stdout } = await run(process.execPath, [file], {
    cwd: consumer,
    timeout: 60_000,
  })
  return stdout.trim()
}

describe('the packed package', () => {
  test('holds what a user needs and nothing else', async () => {
    const files = (
      await run(
        'tar',
        ['-tzf', (await run('ls', [consumer])).stdout.split('\n').find((f) => f.endsWith('.tgz')) ?? ''],
        { cwd: consumer },
      )
    ).stdout
      .trim()
      .split('\n')
      .map((file) => file.replace('package/', ''))
    for (const needed of [
      'package.json',
      'README.md',
      'LICENSE',
      'SECURITY.md',
      'CHANGELOG.md',
      'dist/index.js',
      'dist/index.d.ts',
    ]) {
      expect(files).toContain(needed)
    }
    expect(
      files.filter((file) => !/^(dist\/|package\.json|README|LICENSE|SECURITY|CHANGELOG)/.test(file)),
    ).toEqual([])
  })

  test.each(subpaths)('js-spiffe%s gives import and require the same exports', async (subpath) => {
    const printed = await script(`
      import { createRequire } from 'node:module'
      import * as imported from 'js-spiffe${subpath}'
      const required = createRequire(import.meta.url)('js-spiffe${subpath}')
      const names = Object.keys(imported)
      const same = names.every((name) => imported[name] === required[name])
      console.log(names.length > 0 && same)
    `)
    expect(printed).toBe('true')
  })

  test('a class is the same class from the root and from its subpath', async () => {
    const printed = await script(`
      import * as root from 'js-spiffe'
      import { SpiffeID } from 'js-spiffe/spiffeid'
      import { SpiffeError } from 'js-spiffe/errors'
      import { X509SVID } from 'js-spiffe/svid'
      import { X509Source } from 'js-spiffe/workloadapi'
      console.log(root.SpiffeID === SpiffeID, root.SpiffeError === SpiffeError, root.X509SVID === X509SVID, root.X509Source === X509Source)
    `)
    expect(printed).toBe('true true true true')
  })

  test.each(subpaths.filter((subpath) => !mayLoadGRPC.has(subpath)))(
    'importing js-spiffe%s loads neither gRPC nor protobuf nor a certificate issuer',
    async (subpath) => {
      const loaded = (code: string) =>
        script(`
        import { createRequire, Module } from 'node:module'
        ${code}
        const require = createRequire(import.meta.url)
        console.log(Object.keys(require.cache).filter((file) => /grpc-js|google-protobuf|peculiar|reflect-metadata/.test(file)).length)
      `)
      // The same question does see gRPC where it is loaded.
      expect(Number(await loaded(`import '@grpc/grpc-js'`))).toBeGreaterThan(0)
      expect(await loaded(`import 'js-spiffe${subpath}'`)).toBe('0')
    },
  )

  test('its types hold for a strict consumer without our own settings', async () => {
    writeFileSync(
      join(consumer, 'consumer.ts'),
      `${subpaths.map((subpath, index) => `import * as s${index} from 'js-spiffe${subpath}'`).join('\n')}
       export const all = [${subpaths.map((_, index) => `s${index}`).join(', ')}]
       const id: s0.SpiffeID = s0.SpiffeID.parse('spiffe://acme.internal/orders')
       // @ts-expect-error an audience is required
       void s0.jwtsvid.parseAndValidate('token', undefined as unknown as s0.JWTBundle)
       export { id }`,
    )
    const options = [
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--strict',
      '--noEmit',
      '--lib',
      'es2023,esnext.disposable',
      '--types',
      'node',
    ]
    const compile = run(resolve('node_modules/.bin/tsc'), ['--ignoreConfig', ...options, 'consumer.ts'], {
      cwd: consumer,
    }).catch((failure: { stdout: string }) => failure)
    expect((await compile).stdout).toBe('')
  })

  test('passes publint and Are the Types Wrong', async () => {
    await run('node_modules/.bin/publint', ['--strict'], { timeout: 60_000 })
    const tarball =
      (await run('ls', [consumer])).stdout.split('\n').find((file) => file.endsWith('.tgz')) ?? ''
    await run('node_modules/.bin/attw', ['--profile', 'esm-only', join(consumer, tarball)], {
      timeout: 60_000,
    })
  })

  test('has no file that names a path of the machine it was built on', async () => {
    const { stdout } = await run('grep', [
      '-rlF',
      process.cwd(),
      join(consumer, 'node_modules', 'js-spiffe'),
    ]).catch((failure: { stdout: string }) => failure)
    expect(stdout).toBe('')
  })
})

test('the lockfile names no registry', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved": *"https?:/)
})

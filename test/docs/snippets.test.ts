import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { transformSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SpiffeBundle, X509Source, x509svid } from '../../src/index.ts'
import { WorkloadAPI } from '../../src/testing/index.ts'
import { markdownSnippets, type Snippet, tsdocSnippets } from './snippets.ts'

const run = promisify(execFile)

// Inside the project, so that `js-spiffe` is the built package under its own name.
const FOLDER = join('.cache', 'snippets')

// A snippet may leave a server listening; it has run when its last line has.
const RUNNER = 'await import(process.argv[1]); process.exit(0)'

const snippets = [...markdownSnippets(), ...tsdocSnippets()]

/** Snippets run side by side and name the same ports: each gets ports of its own. */
function withOwnPorts(code: string, at: number): string {
  return code.replace(/\b84(\d\d)\b/g, (_, port) => String(18_000 + at * 10 + (Number(port) % 10)))
}

function fileOf(snippet: Snippet, ending: string): string {
  return join(FOLDER, snippet.place.replace(/[^\w]+/g, '-') + ending)
}

let api: WorkloadAPI
let address: string

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const [at, snippet] of snippets.entries()) {
    const code = `${snippet.setup}\n${snippet.code}\nexport {}\n`
    writeFileSync(fileOf(snippet, '.ts'), code)
    const program = transformSync(code, { loader: 'ts', target: 'node20' }).code
    writeFileSync(fileOf(snippet, '.mjs'), withOwnPorts(program, at))
  }
  writeFileSync(
    join(FOLDER, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      // What a snippet shows may go unused in it.
      compilerOptions: { incremental: false, noUnusedLocals: false, noUnusedParameters: false },
      include: ['*.ts'],
    }),
  )
  api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
  address = api.workload('spiffe://acme.internal/orders').address
  await layOutFiles()
})

afterAll(() => api.close())

/** The files that snippets read, beside them. */
async function layOutFiles(): Promise<void> {
  await using source = await X509Source.create({ address })
  const { svid, bundles } = source.snapshot()
  await x509svid.save(svid, join(FOLDER, 'svid.pem'), join(FOLDER, 'svid-key.pem'))
  const x509Bundle = bundles.get('acme.internal')
  writeFileSync(join(FOLDER, 'bundle.pem'), x509Bundle?.marshal() ?? '')
  for (const [trustDomain, file] of [
    ['acme.internal', 'acme.json'],
    ['partner.example', 'partner.json'],
  ] as const) {
    writeFileSync(join(FOLDER, file), SpiffeBundle.from(trustDomain, { sequenceNumber: 7n }).marshal())
  }
}

test('the documentation shows code', () => {
  expect(markdownSnippets().length).toBeGreaterThan(5)
  expect(tsdocSnippets().length).toBeGreaterThan(5)
})

test('every snippet compiles under the strictest settings', async () => {
  const compile = run('node_modules/.bin/tsc', ['-p', FOLDER]).catch((failure: { stdout: string }) => failure)
  expect((await compile).stdout).toBe('')
})

describe('every snippet runs', () => {
  test.concurrent.each(snippets.map((snippet) => [snippet.place, snippet] as const))(
    '%s',
    async (_, snippet) => {
      const file = resolve(fileOf(snippet, '.mjs'))
      await run(process.execPath, ['--input-type=module', '--eval', RUNNER, file], {
        cwd: FOLDER,
        timeout: 60_000,
        env: { ...process.env, SPIFFE_ENDPOINT_SOCKET: address },
      })
    },
  )
})

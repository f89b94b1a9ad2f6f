import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WorkloadAPI } from '../../src/testing/index.ts'
import { markdownSnippets, type Snippet, tsdocSnippets } from './snippets.ts'

const run = promisify(execFile)

// Inside the project, so that `js-spiffe` is the built package under its own name.
const FOLDER = join('.cache', 'snippets')

const snippets = [...markdownSnippets(), ...tsdocSnippets()]

function fileOf(snippet: Snippet): string {
  return join(FOLDER, `${snippet.place.replace(/[^\w]+/g, '-')}.ts`)
}

let api: WorkloadAPI
let address: string

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const snippet of snippets)
    writeFileSync(fileOf(snippet), `${snippet.setup}\n${snippet.code}\nexport {}\n`)
  writeFileSync(
    join(FOLDER, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      // What a snippet shows may go unused in it.
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, skipLibCheck: false },
      include: ['*.ts'],
    }),
  )
  api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
  address = (await api.workload('spiffe://acme.internal/orders')).address
})

afterAll(async () => {
  await api.close()
})

test('the documentation shows code', () => {
  expect(markdownSnippets().length).toBeGreaterThan(5)
  expect(tsdocSnippets().length).toBeGreaterThan(5)
})

test('every snippet compiles under the strictest settings', async () => {
  const { stdout } = await run('node_modules/.bin/tsc', ['-p', FOLDER]).catch((failure) => failure)
  expect(stdout).toBe('')
})

describe('every snippet runs', () => {
  test.concurrent.each(snippets)('$place', async (snippet) => {
    const script = ['--import', 'tsx', join('test', 'docs', 'run-snippet.ts'), fileOf(snippet)]
    await run(process.execPath, script, {
      timeout: 60_000,
      env: { ...process.env, SPIFFE_ENDPOINT_SOCKET: address },
    })
  })
})

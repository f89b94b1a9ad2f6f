import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { documentedExports, exportsOfGoSpiffe } from '../../../tools/go-exports.ts'
import { describeWithGo } from '../support/describe-with-go.ts'

const page = readFileSync('docs/migrating-from-go.md', 'utf8')

/** The code in the second column, within one backtick or two. */
function codeCells(): readonly string[] {
  const rows = page.matchAll(/^\| `.+?` +\| (`+)(?<code>.+?)\1 +\|/gm)
  return [...rows].map((row) => row.groups?.['code'] ?? '')
}

describeWithGo('the page for users of go-spiffe', () => {
  test('has a row for each of its exports and for nothing else', () => {
    expect([...documentedExports(page)].sort()).toEqual([...exportsOfGoSpiffe()].sort())
  })
})

test('the code on the page for users of go-spiffe compiles under the strictest settings', async () => {
  // Inside the project, so that `js-spiffe` is found under its own name.
  const folder = path.join('.cache', 'migrating-from-go')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const [, declarations = ''] = /```ts\n([\s\S]*?)```/.exec(page) ?? []
  const lines = codeCells().map((code) => `  void (${code})`)
  writeFileSync(
    path.join(folder, 'cells.ts'),
    `${declarations}\nexport async function cells(): Promise<void> {\n${lines.join('\n')}\n}\n`,
  )
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { noUnusedLocals: false },
      include: ['cells.ts'],
    }),
  )

  const { stdout } = await promisify(execFile)('node_modules/.bin/tsc', ['-p', folder]).catch(
    (failure) => failure,
  )

  expect(stdout).toBe('')
  expect(lines.length).toBeGreaterThan(150)
})

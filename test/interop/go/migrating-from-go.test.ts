import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import {
  documentedExports,
  documentedRows,
  equivalentIn,
  exportsOfGoSpiffe,
} from '../../../tools/go-exports.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { Keeper } from '../support/keeper.ts'

const run = promisify(execFile)

const page = readFileSync('docs/migrating-from-go.md', 'utf8')
const rows = [...documentedRows(page)]

// Inside the project, so that `js-spiffe` is found under its own name.
mkdirSync('.cache', { recursive: true })
const keeper = Keeper.start()
const folder = keeper.folder('.cache')
afterAll(() => keeper.close())

/** The blocks of a language that the page shows. */
function blocksOf(language: string): readonly string[] {
  const blocks = page.matchAll(/```(\w+)\n([\s\S]*?)```/g)
  return [...blocks].filter(([, name]) => name === language).map(([, , code = '']) => code)
}

describeWithGo('the page for users of go-spiffe', () => {
  test('has a row for each of its exports and for nothing else', () => {
    expect([...documentedExports(page)].sort()).toEqual([...exportsOfGoSpiffe()].sort())
  })

  test('shows what compiles with go-spiffe', async () => {
    const imports = [
      ...['context', 'fmt', 'io', 'net/http', 'os'],
      ...['spiffeid', 'spiffetls', 'spiffetls/tlsconfig', 'workloadapi'].map(
        (name) => `github.com/spiffe/go-spiffe/v2/${name}`,
      ),
    ].map((name) => `import "${name}"`)
    const functions = blocksOf('go')
    const uses = functions.map((code) => `var _ = ${/^func (\w+)/.exec(code)?.[1]}`)
    const file = path.resolve(folder, 'page.go')
    writeFileSync(file, ['package page', ...imports, ...functions, ...uses].join('\n'))
    await run('go', ['vet', file], { cwd: import.meta.dirname })
    expect(functions).toHaveLength(2)
  })
})

test('the page for users of go-spiffe has one row for each export', () => {
  const names = rows.flatMap((row) => row.names.map((name) => `${row.goPackage}.${name}`))
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  expect(rows.filter((row) => row.names.length === 0)).toEqual([])
})

test('the page for users of go-spiffe says of each export what stands for it, why nothing does, or that it is to come', () => {
  expect(rows.filter(({ equivalent }) => equivalentIn(equivalent) === undefined)).toEqual([])
})

describe('a cell', () => {
  test.each([
    ['`SpiffeID`', { code: 'SpiffeID' }],
    ['``parse(`/ns/prod`)``', { code: 'parse(`/ns/prod`)' }],
    ['_not needed because_ bundles are immutable', { words: 'bundles are immutable' }],
    ['_not yet:_ WIT-SVID is incubating', { words: 'WIT-SVID is incubating' }],
  ])('says something: %s', (cell, equivalent) => {
    expect(equivalentIn(cell)).toEqual(equivalent)
  })

  test.each([
    '',
    '-',
    'see above',
    'SpiffeID',
    '``',
    '`parse` or `tryParse`',
    'like `parse`',
    '`parse`, mostly',
    '_not needed_',
    '_not needed because_',
    '_not needed because_ reasons',
    '_not yet_',
    '_not yet:_',
    'not needed because bundles are immutable',
  ])('says nothing: %j', (cell) => {
    expect(equivalentIn(cell)).toBe(undefined)
  })
})

test('the code on the page for users of go-spiffe compiles under the strictest settings', async () => {
  const declarations = blocksOf('ts').find((code) => code.includes('\ndeclare const ')) ?? ''
  const cells = rows.flatMap(({ equivalent }) => {
    const read = equivalentIn(equivalent)
    return read !== undefined && 'code' in read ? [`  void (${read.code})`] : []
  })
  writeFileSync(
    path.join(folder, 'cells.ts'),
    `${declarations}\nexport async function cells(): Promise<void> {\n${cells.join('\n')}\n}\n`,
  )
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { noUnusedLocals: false },
      include: ['cells.ts'],
    }),
  )

  const { stdout } = await run('node_modules/.bin/tsc', ['-p', folder]).catch((failure) => failure)

  expect(stdout).toBe('')
  expect(cells.length).toBeGreaterThan(200)
})

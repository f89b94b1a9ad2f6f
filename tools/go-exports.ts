import { execFileSync } from 'node:child_process'
import path from 'node:path'

const module = path.join(import.meta.dirname, '..', 'test', 'interop', 'go')
const root = 'github.com/spiffe/go-spiffe/v2/'

// `exp/proto` and `proto` are generated, and nobody outside can import `internal`.
const notForUsers = /^(examples|internal|proto|exp\/proto)\b|\/internal\b/

const systems = ['linux', 'windows'] as const

function go(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  return execFileSync('go', args, {
    cwd: module,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
    // `go list -e` reports what the examples import and we do not have.
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/**
 * Every name that go-spiffe exports, as `go doc -all` tells it on any system: functions, types, their
 * methods and fields, constants and variables. A package is named by its path below the module's.
 */
export function exportsOfGoSpiffe(): ReadonlySet<string> {
  const packages = go(['list', '-e', `${root}...`])
    .trim()
    .split('\n')
    .map((name) => name.slice(root.length))
    .filter((name) => !notForUsers.test(name))
  const names = new Set<string>()
  for (const name of packages) {
    for (const system of systems) {
      const documentation = go(['doc', '-all', root + name], { GOOS: system })
      for (const exported of exportedNames(documentation)) names.add(`${name}.${exported}`)
    }
  }
  return names
}

/** Reads the output of `go doc -all`: declarations start in the first column, their bodies after a tab. */
export function* exportedNames(documentation: string): Generator<string> {
  let block: string | undefined
  for (const line of documentation.split('\n')) {
    const [, receiver, method] = /^func \((?:\w+ )?\*?(\w+)\) (\w+)\(/.exec(line) ?? []
    const [, func] = /^func (\w+)[([]/.exec(line) ?? []
    const [, type, body] = /^type (\w+) (?:struct|interface) (\{)$/.exec(line) ?? []
    const [, otherType] = /^type (\w+) (?!struct \{$|interface \{$)/.exec(line) ?? []
    const [, value] = /^(?:const|var) (\w+)/.exec(line) ?? []

    if (/^\S/.test(line)) block = undefined
    if (method !== undefined) yield `${receiver}.${method}`
    if (func !== undefined) yield func
    if (otherType !== undefined) yield otherType
    if (value !== undefined) yield value
    if (type !== undefined) {
      yield type
      if (body !== undefined) block = `${type}.`
    }
    if (/^(const|var) \($/.test(line)) block = ''

    const [, members] = /^\t([A-Z]\w*(?:, [A-Z]\w*)*)(?:\(| )/.exec(line) ?? []
    if (block !== undefined && members !== undefined) {
      for (const member of members.split(', ')) yield block + member
    }
  }
}

/** One row of a page's tables: exports of a package, and what stands for them here. */
export interface Row {
  readonly goPackage: string
  readonly names: readonly string[]
  readonly equivalent: string
}

/** The rows of a page's tables, under the package of their heading. */
export function* documentedRows(markdown: string): Generator<Row> {
  let goPackage: string | undefined
  for (const line of markdown.split('\n')) {
    if (line.startsWith('## ')) goPackage = /^## `(.+)`$/.exec(line)?.[1]
    if (goPackage === undefined || !line.startsWith('|')) continue
    const [, names = '', equivalent = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    if (names === 'go-spiffe' || /^-+$/.test(names)) continue
    yield { goPackage, names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name), equivalent }
  }
}

/** The names in the first column of a page's tables, under the package of their heading. */
export function documentedExports(markdown: string): ReadonlySet<string> {
  const rows = [...documentedRows(markdown)]
  return new Set(rows.flatMap(({ goPackage, names }) => names.map((name) => `${goPackage}.${name}`)))
}

/** What a cell says stands for an export: code, or in words why there is none, or that there is none yet. */
export type Equivalent = { readonly code: string } | { readonly words: string }

/** Reads the second column; `undefined` where it holds none of these three, or more than one. */
export function equivalentIn(cell: string): Equivalent | undefined {
  const code = /^(?<ticks>`+)(?!`)(?<code>.+)(?<!`)\k<ticks>$/.exec(cell)?.groups
  if (code?.['code'] !== undefined && !code['code'].includes(code['ticks'] ?? '')) {
    return { code: code['code'].trim() }
  }
  const words = /^_not (?:needed because_|yet:_) (?<words>\S+ \S.*)$/.exec(cell)?.groups?.['words']
  return words === undefined ? undefined : { words }
}

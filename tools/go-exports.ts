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

/** The names in the first column of a page's tables, under the package of their heading. */
export function documentedExports(markdown: string): ReadonlySet<string> {
  const names = new Set<string>()
  let goPackage = ''
  for (const line of markdown.split('\n')) {
    goPackage = /^## `(.+)`$/.exec(line)?.[1] ?? goPackage
    const [, firstCell = ''] = /^\| (.+?) \|/.exec(line) ?? []
    for (const [, name] of firstCell.matchAll(/`([^`]+)`/g)) names.add(`${goPackage}.${name}`)
  }
  return names
}

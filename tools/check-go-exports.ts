import { readFileSync } from 'node:fs'
import path from 'node:path'
import { exportsOfGoSpiffe } from './go-exports.ts'

// Compares docs/migrating-from-go.md with go-spiffe itself, so that an export that the page forgot, one that
// a new version brings and one that is gone each fail. Run with: npx tsx tools/check-go-exports.ts

const page = path.join(import.meta.dirname, '..', 'docs', 'migrating-from-go.md')

/** The names in the first column of the page's tables, under the package of their heading. */
function documentedExports(markdown: string): ReadonlySet<string> {
  const names = new Set<string>()
  let goPackage = ''
  for (const line of markdown.split('\n')) {
    goPackage = /^## `(.+)`$/.exec(line)?.[1] ?? goPackage
    const [, firstCell = ''] = /^\| (.+?) \|/.exec(line) ?? []
    for (const [, name] of firstCell.matchAll(/`([^`]+)`/g)) names.add(`${goPackage}.${name}`)
  }
  return names
}

const there = exportsOfGoSpiffe()
const documented = documentedExports(readFileSync(page, 'utf8'))
const missing = [...there].filter((name) => !documented.has(name))
const surplus = [...documented].filter((name) => !there.has(name))

for (const name of missing) console.error(`docs/migrating-from-go.md has no row for ${name}`)
for (const name of surplus)
  console.error(`go-spiffe has no ${name}, but docs/migrating-from-go.md has a row for it`)
if (missing.length + surplus.length > 0) process.exit(1)
console.log(`docs/migrating-from-go.md covers all ${there.size} exports of go-spiffe`)

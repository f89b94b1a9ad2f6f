import { readFileSync } from 'node:fs'
import path from 'node:path'
import { documentedExports, exportsOfGoSpiffe } from './go-exports.ts'

// Compares docs/migrating-from-go.md with go-spiffe itself, so that an export that the page forgot, one that
// a new version brings and one that is gone each fail. Run with: npx tsx tools/check-go-exports.ts

const page = path.join(import.meta.dirname, '..', 'docs', 'migrating-from-go.md')

const there = exportsOfGoSpiffe()
const documented = documentedExports(readFileSync(page, 'utf8'))
const missing = [...there].filter((name) => !documented.has(name))
const surplus = [...documented].filter((name) => !there.has(name))

for (const name of missing) console.error(`docs/migrating-from-go.md has no row for ${name}`)
for (const name of surplus)
  console.error(`go-spiffe has no ${name}, but docs/migrating-from-go.md has a row for it`)
if (missing.length + surplus.length > 0) process.exit(1)
console.log(`docs/migrating-from-go.md covers all ${there.size} exports of go-spiffe`)

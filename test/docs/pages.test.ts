import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { errorCodes } from '../../src/error-codes.ts'

const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

test.each(pages)('%s names only error codes that exist', (page) => {
  const named = readFileSync(page, 'utf8').match(/\bERR_SPIFFE_[A-Z0-9_]+\b/g) ?? []
  expect(named.filter((code) => !Object.hasOwn(errorCodes, code) && !code.endsWith('_'))).toEqual([])
})

test.each(pages)('%s links only to pages and headings that exist', (page) => {
  const broken = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
    .map(([, path = '', heading]) => ({ file: path === '' ? page : join(dirname(page), path), heading }))
    .filter(
      ({ file, heading }) => !existsSync(file) || (heading !== undefined && !headings(file).has(heading)),
    )
  expect(broken).toEqual([])
})

function headings(page: string): ReadonlySet<string> {
  const titles = readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)
  return new Set(
    [...titles].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/\s/g, '-'),
    ),
  )
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A piece of code that the documentation shows. */
export interface Snippet {
  /** Where it stands: file and line, from the root of the project. */
  readonly place: string
  /** Declarations that the reader is spared: a `<!-- snippet … -->` comment right before the block. */
  readonly setup: string
  readonly code: string
}

const MARKDOWN = /(?:<!-- snippet\n(?<setup>[\s\S]*?)-->\n)?```ts\n(?<code>[\s\S]*?)```/g
const TSDOC_EXAMPLE = /^[ \t]*\* ```ts\n(?<code>(?:^[ \t]*\*.*\n)*?)^[ \t]*\* ```/gm

/** Every TypeScript block of the README and of `docs/`, but for generated pages. */
export function markdownSnippets(): Snippet[] {
  const pages = [
    'README.md',
    'SECURITY.md',
    ...filesBelow('docs', '.md').filter((page) => !page.startsWith('docs/api/')),
  ]
  return pages.flatMap((page) => snippetsOf(page, MARKDOWN, (code) => code))
}

/** Every TypeScript block in the documentation comments of `src/`. */
export function tsdocSnippets(): Snippet[] {
  return filesBelow('src', '.ts').flatMap((file) =>
    snippetsOf(file, TSDOC_EXAMPLE, (code) => code.replace(/^[ \t]*\* ?/gm, '')),
  )
}

function snippetsOf(file: string, pattern: RegExp, clean: (code: string) => string): Snippet[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(pattern)].map((match) => ({
    place: `${file}:${text.slice(0, match.index).split('\n').length}`,
    setup: match.groups?.['setup'] ?? '',
    code: clean(match.groups?.['code'] ?? ''),
  }))
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort()
}

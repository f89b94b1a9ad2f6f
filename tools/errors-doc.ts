/**
 * Writes docs/errors.md out of src/error-codes.ts: `npx tsx tools/errors-doc.ts`.
 *
 * With `--check` it writes nothing, and exits 1 when the file is not what it would write.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { errorCodes } from '../src/error-codes.ts'

const CATALOGUE = new URL('../src/error-codes.ts', import.meta.url)
const PAGE = new URL('../docs/errors.md', import.meta.url)

/** A section of the catalogue: the codes behind a comment that names where they come from. */
interface Section {
  readonly title: string
  readonly codes: readonly string[]
}

const INTRODUCTION = `# Errors

Everything that this library refuses or fails at is a \`SpiffeError\`. Match on its \`code\`: codes stay, sentences may
change. Each error also carries the \`rule\` behind it and the \`remedy\`, both as below, unless a clause says it more
exactly; \`spiffeID\` where one is known; and the \`cause\`. A \`TypeError\` is a mistake in the calling code, and an
aborted call throws the reason of its signal.

This page is made from [\`src/error-codes.ts\`](../src/error-codes.ts) by \`npm run docs:errors\`.
`

/** The sections of the catalogue in their order: comments are all that the table itself does not hold. */
export function sectionsOf(source: string): readonly Section[] {
  const [, ...sections] = source.split(/^ {2}\/\/ /m)
  return sections
    .map((section) => ({
      title: section.slice(0, section.indexOf('\n')),
      codes: [...section.matchAll(/^ {2}(ERR_SPIFFE_\w+): \{$/gm)].flatMap(([, code]) => code ?? []),
    }))
    .filter(({ codes }) => codes.length > 0)
}

/** The page for a catalogue and its sections; each code must be in exactly one of them. */
export function pageOf(
  catalogue: Readonly<Record<string, { readonly rule: string; readonly remedy: string }>>,
  sections: readonly Section[],
): string {
  const listed = sections.flatMap(({ codes }) => codes)
  if (listed.toSorted().join() !== Object.keys(catalogue).toSorted().join()) {
    throw new Error('each code must stand in a section of src/error-codes.ts, behind its comment')
  }
  const tables = sections.map(({ title, codes }) => {
    const rows = codes.map((code) => {
      const { rule = '', remedy = '' } = catalogue[code] ?? {}
      return `| \`${code}\` | ${cell(rule)} | ${cell(remedy)} |`
    })
    return [`## ${title}`, '', '| code | rule | what to do |', '| --- | --- | --- |', ...rows, ''].join('\n')
  })
  return [INTRODUCTION, ...tables].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function main(args: readonly string[]): void {
  const page = pageOf(errorCodes, sectionsOf(readFileSync(CATALOGUE, 'utf8')))
  if (!args.includes('--check')) {
    writeFileSync(PAGE, page)
  } else if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== page) {
    console.error('docs/errors.md is not what src/error-codes.ts says; run npm run docs:errors')
    process.exitCode = 1
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.slice(2))

import { readFileSync } from 'node:fs'

/** What each side says, by the name of the case, for those where they do not say the same. */
export type Differences = Readonly<Record<string, { readonly ours: string; readonly theirs: string }>>

/** The rows of a table under *Against go-spiffe* in `docs/conformance.md`: case, ours, theirs, and why. */
export function documentedDifferences(heading: string): Differences {
  const page = readFileSync('docs/conformance.md', 'utf8')
  const section = between(page, '## Against go-spiffe', '## ')
  const [, ...rows] = between(section, `### ${heading}`, '### ')
    .split('\n')
    .filter((line) => line.startsWith('| '))
  return Object.fromEntries(
    rows.map((row) => {
      const [name = '', ours = '', theirs = ''] = row.slice(2).split(' | ')
      return [name, { ours, theirs }]
    }),
  )
}

function between(text: string, heading: string, next: string): string {
  const [, after = ''] = text.split(`\n${heading}\n`)
  return after.split(`\n${next}`)[0] ?? ''
}

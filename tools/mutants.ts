// Changes the validators in thousands of small ways, one at a time, and lists what no test noticed.
//
//   npm run mutants              all parts
//   npm run mutants -- svid/jwt  one part
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

interface Mutant {
  readonly status: string
  readonly mutatorName: string
  readonly replacement?: string
  readonly location: { readonly start: { readonly line: number; readonly column: number } }
}

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>
}

/** Each part with the suites that judge it: a mutant of IDs need not be run against those of certificates. */
const parts: Readonly<Record<string, readonly string[]>> = {
  spiffeid: ['spiffeid', 'conformance/spiffe-id.test.ts'],
  bundle: ['bundle', 'conformance/trust-domain-and-bundle.test.ts'],
  'svid/jwt': ['svid/jwt', 'conformance/jwt-svid.test.ts'],
  'svid/x509': ['svid/x509', 'conformance/x509-svid.test.ts'],
  internal: ['internal', 'svid/x509', 'conformance/x509-svid.test.ts'],
}

const wanted = process.argv.slice(2)
const figures: string[] = []
const survivors: string[] = []

for (const [part, suites] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(part)) continue
  const report = `reports/mutants/${part.replace('/', '-')}.json`
  const { status } = spawnSync(
    'node_modules/.bin/stryker',
    [
      'run',
      '--mutate',
      `src/${part}/**/*.ts,!src/**/index.ts`,
      '--incrementalFile',
      report.replace('.json', '.incremental.json'),
    ],
    { stdio: 'inherit', env: { ...process.env, MUTANTS_SUITES: suites.join(','), MUTANTS_REPORT: report } },
  )
  if (status !== 0) process.exitCode = status ?? 1
  count(part, JSON.parse(readFileSync(report, 'utf8')))
}

console.log('\n| part | mutants | killed | share |\n|---|---|---|---|')
console.log(figures.join('\n'))
console.log('\nSurvivors:\n')
console.log(survivors.join('\n'))

function count(part: string, { files }: Report): void {
  const judged = Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants.map((mutant) => ({ file, mutant })),
  )
  const killed = judged.filter(({ mutant }) => mutant.status === 'Killed' || mutant.status === 'Timeout')
  const alive = judged.filter(({ mutant }) => mutant.status === 'Survived' || mutant.status === 'NoCoverage')
  const total = killed.length + alive.length
  figures.push(`| ${part} | ${total} | ${killed.length} | ${((100 * killed.length) / total).toFixed(1)} % |`)
  for (const { file, mutant } of alive) {
    const { line, column } = mutant.location.start
    survivors.push(
      `${file}:${line}:${column} ${mutant.mutatorName}: ${mutant.replacement?.replace(/\s+/g, ' ') ?? ''}`,
    )
  }
}

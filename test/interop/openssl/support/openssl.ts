import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { encodePEM } from '../../../../src/internal/pem.ts'
import type { GeneratedChain } from '../../corpus/generated-x509.ts'
import type { Keeper } from '../../support/keeper.ts'

/** What keeps chains from being put before the command here, or `undefined`. */
export const missingForOpenSSL: string | undefined = whatIsMissing()

function whatIsMissing(): string | undefined {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' })
  if (status === 0 && stdout.startsWith('OpenSSL 3.')) return undefined
  return 'there is no openssl command of OpenSSL 3 here; install it and run this again'
}

// Nothing of this machine counts: neither whom it trusts nor what its configuration allows.
const environment = { PATH: process.env['PATH'], OPENSSL_CONF: '/dev/null' }

// As with us, every CA of the bundle can end a path, and policies are processed. The second level of security is
// the one that wants RSA keys from 2048 bits and no SHA-1.
const always = '-no-CApath -no-CAstore -partial_chain -policy_check -auth_level 2'

/** One thing that is wrong with a chain. */
export interface Finding {
  /** As the command says it. */
  readonly error: string
  /** Whether it is the leaf that it is wrong with, rather than a certificate above. */
  readonly ofLeaf: boolean
}

/**
 * Puts chains before `openssl verify`, each in a process of its own, and as many at once as there are processors.
 *
 * @param options - What is to be verified beside what always is.
 * @returns What is wrong with each chain that is refused.
 */
export async function opensslRefusals(
  keeper: Keeper,
  chains: readonly GeneratedChain[],
  now: Date,
  options: string,
): Promise<ReadonlyMap<GeneratedChain, readonly Finding[]>> {
  const folder = keeper.folder()
  const command = `openssl verify ${always} ${options} -attime ${now.getTime() / 1000}`
  const commands = chains.map((chain) => `${command} ${redirected(chain)}echo "status $?"\n`)
  const share = Math.ceil(commands.length / availableParallelism())
  const said = await Promise.all(
    Array.from({ length: availableParallelism() }, (_, nth) => {
      const script = path.join(folder, `${nth}.sh`)
      writeFileSync(script, commands.slice(nth * share, (nth + 1) * share).join(''))
      return run(keeper, script)
    }),
  )
  const answers = said.flatMap((output) => [...output.matchAll(/([\s\S]*?)^status (\d+)\n/gm)])
  if (answers.length !== chains.length) throw new Error(`only ${answers.length} chains were judged`)
  return new Map(
    chains.flatMap((chain, at) => {
      const [, words = '', status] = answers[at] ?? []
      return status === '0' ? [] : [[chain, findingsIn(words)] as const]
    }),
  )
}

/** What names the certificates of a chain, and the certificates, as files that are in the script itself. */
function redirected({ chain, authorities }: GeneratedChain): string {
  const here = (certificates: readonly Uint8Array[]): string =>
    `${certificates.map((der) => encodePEM('CERTIFICATE', der)).join('')}_\n`
  const leaf = here(chain.slice(0, 1))
  // A file without certificates is an error to the command.
  return chain.length < 2
    ? `-CAfile /dev/fd/3 2>&1 <<_ 3<<_\n${leaf}${here(authorities)}`
    : `-CAfile /dev/fd/3 -untrusted /dev/fd/4 2>&1 <<_ 3<<_ 4<<_\n${leaf}${here(authorities)}${here(chain.slice(1))}`
}

async function run(keeper: Keeper, script: string): Promise<string> {
  const shell = keeper.spawn('sh', [script], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  return shell.stdout === null ? '' : await text(shell.stdout)
}

function findingsIn(words: string): readonly Finding[] {
  const findings = Array.from(
    words.matchAll(/^error \d+ at (\d+) depth lookup: (.*)$/gm),
    ([, depth, error = '']): Finding => ({ error, ofLeaf: depth === '0' }),
  )
  return findings.length > 0 ? findings : [{ error: 'a certificate that it cannot read', ofLeaf: false }]
}

import { setTimeout as delay } from 'node:timers/promises'
import { vi } from 'vitest'
import type { GoPeer, GoWorkloadEvent } from '../../go/support/go-peer.ts'
import type { JSONProcess } from '../../support/json-process.ts'
import { Account, type Told } from './account.ts'
import { RawStreams, streamNames } from './raw-streams.ts'
import { type Operator, type Step, steps } from './steps.ts'

const comesWithinMs = 30_000

/** What a workload knows at a moment. */
export interface Seen {
  readonly refused: boolean
  /** The IDs in their order. */
  readonly ids: string
  /** The serial numbers of its SVIDs. */
  readonly leaves: string
  /** How many X.509 authorities of its own trust domain it trusts. */
  readonly authorities: number
  /** How many JWT authorities. */
  readonly keys: number
  /** Whether it trusts the partner, both ways. */
  readonly federated: boolean
}

/** Takes down what a workload is told after each step: by go-spiffe, and as it is on the wire. */
export async function record(
  go: GoPeer,
  { address, settlesInMs, take }: Operator,
): Promise<Record<string, Told>> {
  const witness = go.workload(address)
  const raw = new RawStreams(address)
  const account = new Account()
  const told: Record<string, Told> = {}
  let [heard, read] = [0, 0]
  await vi.waitUntil(() => hasHeard(witness, raw), { timeout: comesWithinMs })
  let before = seenBy(witness)
  for (const [step, isReached] of Object.entries(steps) as [Step, (typeof steps)[Step]][]) {
    await take[step]()
    if (isReached !== undefined) await reached(step, () => isReached(seenBy(witness), before))
    // What else there is to tell comes soon after.
    await delay(settlesInMs)
    told[step] = account.of(witness.events.slice(heard), raw.events.slice(read))
    ;[heard, read] = [witness.events.length, raw.events.length]
    before = seenBy(witness)
  }
  await Promise.all([witness.close(), raw.close()])
  return told
}

async function reached(step: Step, isReached: () => boolean): Promise<void> {
  const check = (): void => {
    if (!isReached()) throw new Error(`no workload saw that somebody did this: ${step}`)
  }
  await vi.waitFor(check, { timeout: comesWithinMs })
}

type Witness = JSONProcess<GoWorkloadEvent>

function hasHeard(witness: Witness, raw: RawStreams): boolean {
  return (
    (['x509Context', 'x509Bundles', 'jwtBundles'] as const).every((name) => witness.all(name).length > 0) &&
    streamNames.every((name) => raw.events.some(({ stream }) => stream === name))
  )
}

function seenBy(witness: Witness): Seen {
  const context = witness.all('x509Context').at(-1)
  const jwt = witness.all('jwtBundles').at(-1)
  const { svids = [], bundles = {}, status } = context ?? {}
  const x509 = witness.all('x509Bundles').at(-1)?.bundles ?? {}
  const keys = jwt?.bundles ?? {}
  return {
    refused: status !== undefined,
    ids: svids.map(({ id }) => id).join(' '),
    leaves: svids.map(({ serial }) => serial).join(' '),
    authorities: Math.min(...[bundles, x509].map((set) => set['acme.internal']?.length ?? 0)),
    keys: keys['acme.internal']?.length ?? 0,
    federated: [bundles, x509, keys].every((set) => 'partner.example' in set),
  }
}

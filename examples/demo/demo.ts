import type { X509SVID } from 'js-spiffe'
import { AgentTroupe } from './agent-troupe.ts'
import { bearer, caller, knock } from './calls.ts'
import { type Cast, isMissing, type Missing, type Player, type Troupe } from './cast.ts'
import { Orders } from './orders.ts'
import { DemoOver, type Finding, NotShown, type Step, Steps } from './step.ts'
import { TestKitTroupe } from './test-kit-troupe.ts'
import { Traffic } from './traffic.ts'

/** Options of {@link runDemo}. */
export interface DemoOptions {
  /** The Workload API to run against; one of our own where absent. */
  readonly address?: string | undefined
  /** How often SVIDs rotate, and then the authority. @default 10 */
  readonly rotations?: number | undefined
  /** How long an agent may take to answer, in milliseconds. @default 5000 */
  readonly patienceMs?: number | undefined
  /** How long an agent is watched for a rotation, in milliseconds. @default 4000 */
  readonly watchMs?: number | undefined
  /** Called with each step when it is over. */
  readonly onStep?: ((step: Step) => void) | undefined
}

// However slow the machine: the demo stays under 20 seconds.
const LONGEST_ROTATION_MS = 4000

/** Tells the story, step by step. */
export async function runDemo(options: DemoOptions = {}): Promise<readonly Step[]> {
  const { address, rotations = 10, patienceMs = 5000, watchMs = 4000, onStep = () => undefined } = options
  const steps = new Steps(onStep)
  await using troupe: Troupe =
    address === undefined ? new TestKitTroupe() : new AgentTroupe(address, { patienceMs, watchMs })
  try {
    await play(steps, troupe, rotations)
  } catch (error) {
    // What failed is among the steps.
    if (!(error instanceof DemoOver)) throw error
  }
  return steps.done
}

async function play(steps: Steps, troupe: Troupe, rotations: number): Promise<void> {
  await steps.need('the Workload API answers', async () => found(await troupe.open()))

  const { cast } = await steps.need('orders and checkout have their SVIDs', async () => {
    const cast = await troupe.cast()
    const minutes = Math.round((cast.orders.x509.getX509SVID().expiresAt.getTime() - Date.now()) / 60_000)
    return { cast, ...found(`${cast.orders.id} and ${cast.checkout.id}, good for ${minutes} minutes`) }
  })
  const { orders, checkout, stranger, foreigner, impostor, rotate } = cast

  const { service } = await steps.need('orders serves https, for checkout alone', async () => {
    const service = await Orders.start(orders, checkout.id)
    return { service, ...found(service.url) }
  })
  await using server = service

  await steps.show('checkout calls orders over mutual TLS', async () => {
    const { call, close } = caller(server.url, checkout, orders.id, false)
    const body = await call()
    close()
    return found(body, { body })
  })

  const refusal = (intruder: X509SVID | Missing) => refused(server, checkout.x509.getX509SVID(), intruder)
  await steps.show('a stranger of the trust domain is refused', () => refusal(stranger))
  await steps.show('one of a foreign trust domain is refused', () => refusal(foreigner))
  await steps.show('one that a federated CA issued in our name is refused', () => refusal(impostor))

  await steps.show('a bearer token for orders passes', async () => {
    const { status, body } = await bearer(server.bearerURL, checkout.jwt, checkout.id, 'orders')
    if (status !== 200) throw new Error(`answered ${status} ${body}`)
    return found(`${status} ${body}`, { status, body })
  })
  await steps.show('a bearer token for somebody else is refused', async () => {
    const { status, body } = await bearer(server.bearerURL, checkout.jwt, checkout.id, 'billing')
    if (status !== 401) throw new Error(`answered ${status} ${body}`)
    return found(`${status} ${body}`, { status, code: body })
  })

  await steps.show('SVIDs rotate while requests flow', () => flowing(server, cast, rotations, rotate.svids))
  await steps.show('the authority rotates while requests flow', () =>
    flowing(server, cast, rotations, rotate.authority),
  )
}

/** Shows that orders admits whom it should in the very way in which it then refuses the intruder. */
async function refused(server: Orders, twin: X509SVID, intruder: X509SVID | Missing): Promise<Finding> {
  if (isMissing(intruder)) throw new NotShown(intruder.missing)
  const twinSaw = await knock(server.url, twin)
  const reason = server.nextRefusal()
  const cameIn = await knock(server.url, intruder).then(
    () => true,
    () => false,
  )
  if (cameIn) throw new Error(`${intruder.id} came in`)
  const { code, rule } = await reason
  return found(`${code} (${rule})`, { code, rule, twinSaw, intruder: intruder.id.toString() })
}

/** Shows that requests pass while something rotates: on new connections, on kept ones, and with bearer tokens. */
async function flowing(
  server: Orders,
  { orders, checkout }: Cast,
  rotations: number,
  rotate: (drained: () => Promise<void>) => Promise<void>,
): Promise<Finding> {
  const fresh = [1, 2].map(() => caller(server.url, checkout, orders.id, false))
  const kept = caller(server.url, checkout, orders.id, true)
  const traffic = new Traffic([
    ...[...fresh, kept].map(({ call }) => call),
    () => bearerCall(server, checkout),
  ])
  let rotated = 0
  const tally = await traffic.during(async () => {
    const endsAt = performance.now() + LONGEST_ROTATION_MS
    while (rotated < rotations && performance.now() < endsAt) {
      try {
        await rotate(() => traffic.drained())
      } catch (error) {
        // An agent that has rotated may take its time before it does so again.
        if (error instanceof NotShown && rotated > 0) return
        throw error
      }
      rotated++
    }
  })
  for (const { close } of [...fresh, kept]) close()
  const { requests, failures, firstFailure } = tally
  if (failures > 0) throw new Error(`${failures} of ${requests} requests failed, the first: ${firstFailure}`)
  return found(`${rotated} rotations, ${requests} requests, ${failures} failures`, {
    rotated,
    requests,
    failures,
  })
}

async function bearerCall(server: Orders, { jwt, id }: Player): Promise<void> {
  const { status, body } = await bearer(server.bearerURL, jwt, id, 'orders')
  if (status !== 200) throw new Error(`answered ${status} ${body}`)
}

const found = (detail: string, facts: Finding['facts'] = {}): Finding => ({ detail, facts })

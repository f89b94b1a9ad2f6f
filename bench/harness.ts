/** One of those that are compared. */
export interface Contender {
  readonly name: string
  /** Does it so many times and tells how much time of a processor that took, in nanoseconds. */
  readonly batch: (times: number) => Promise<number>
}

/** How a contender did. */
export interface Result {
  readonly name: string
  /** The median over the rounds that count, in nanoseconds for one time. */
  readonly ns: number
  /** How fast beside the first contender: the median of the ratio within a round. */
  readonly ratio: number
}

const ROUNDS = 100
const BATCH_NS = 5e6
const WARM_UP_NS = 300e6

/** A contender in this process; it gets the number of the time, to take another input each time. */
export function contender(name: string, run: (time: number) => unknown): Contender {
  let time = 0
  return {
    name,
    async batch(times) {
      const start = process.cpuUsage()
      for (let i = 0; i < times; i++) run(time++)
      return since(start)
    },
  }
}

/** A contender that answers with a promise, which is waited for each time. */
export function asyncContender(name: string, run: (time: number) => Promise<unknown>): Contender {
  let time = 0
  return {
    name,
    async batch(times) {
      const start = process.cpuUsage()
      for (let i = 0; i < times; i++) await run(time++)
      return since(start)
    },
  }
}

/**
 * Compares by ratios within one run: the contenders take turns in short batches, so that whatever else the
 * machine does slows all of them down. What counts is the time of processors and not of the clock, and of all
 * rounds the quarter that took the least: a busy neighbour takes caches away, which slows some more than others.
 */
export async function compare(contenders: readonly Contender[]): Promise<readonly Result[]> {
  const times: number[] = []
  for (const { batch } of contenders) times.push(await timesInABatch(batch))
  const rounds: Round[] = []
  for (let number = 0; number < ROUNDS; number++) {
    const round = { total: 0, ns: [] as number[] }
    for (const [at, { batch }] of contenders.entries()) {
      const count = times[at] ?? 1
      const took = await batch(count)
      round.total += took
      round.ns.push(took / count)
    }
    rounds.push(round)
  }
  const quiet = rounds.sort((a, b) => a.total - b.total).slice(0, ROUNDS / 4)
  return contenders.map(({ name }, at) => ({
    name,
    ns: median(quiet.map(({ ns }) => ns[at] ?? Number.NaN)),
    ratio: median(quiet.map(({ ns }) => (ns[0] ?? Number.NaN) / (ns[at] ?? Number.NaN))),
  }))
}

/** One turn of each contender. */
interface Round {
  readonly total: number
  /** What one time took, by contender. */
  readonly ns: readonly number[]
}

/** Prints a table. A floor is the least ratio that a contender is to have. */
export function print(
  title: string,
  results: readonly Result[],
  floors: Readonly<Record<string, number>> = {},
): void {
  console.log(`\n${title}`)
  for (const { name, ns, ratio } of results) {
    const floor = floors[name]
    const verdict = floor === undefined ? '' : `  ${ratio >= floor ? 'met' : 'MISSED'}: ≥ ${floor}`
    console.log(
      `  ${name.padEnd(34)} ${(ns / 1000).toFixed(2).padStart(9)} µs ${ratio.toFixed(2).padStart(8)}${verdict}`,
    )
  }
}

/** The time of all threads: what is done on another one, such as collecting garbage, costs as well. */
function since(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) * 1000
}

/** How many times fill a batch, once the compiler has done what it does. */
async function timesInABatch(batch: Contender['batch']): Promise<number> {
  let times = 1
  let spent = 0
  for (;;) {
    const ns = await batch(times)
    spent += ns
    if (spent >= WARM_UP_NS) return Math.max(1, Math.round((times * BATCH_NS) / ns))
    if (ns < BATCH_NS) times *= 2
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { WorkloadAPI } from 'js-spiffe/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { runDemo } from '../../examples/demo/demo.ts'
import { Screen } from '../../examples/demo/screen.ts'
import { exitCode, NotShown, type Step, Steps } from '../../examples/demo/step.ts'

const run = promisify(execFile)

const ESCAPE = String.fromCharCode(27)

const outcomes = (steps: readonly Step[]) => steps.map(({ outcome }) => outcome)

function stepOf(steps: readonly Step[], words: string): Step {
  return steps.find(({ title }) => title.includes(words)) ?? expect.fail(`no step tells of ${words}`)
}

describe('the demo with a Workload API of its own', () => {
  let steps: readonly Step[]
  const told: Step[] = []

  beforeAll(async () => {
    steps = await runDemo({ rotations: 3, onStep: (step) => told.push(step) })
  })

  test('shows every step, tells each when it is over, and succeeds', () => {
    expect(steps.map(({ outcome, detail }) => [outcome, detail])).toEqual(
      steps.map(({ detail }) => ['shown', detail]),
    )
    expect(steps).toHaveLength(11)
    expect(told).toEqual(steps)
    expect(exitCode(steps)).toBe(0)
  })

  test('has checkout call orders, and orders see who it is', () => {
    expect(stepOf(steps, 'checkout calls orders').facts).toEqual({
      body: 'hello spiffe://acme.internal/checkout',
    })
  })

  test.each([
    ['a stranger', 'spiffe://acme.internal/billing', 'ERR_SPIFFE_TLS_UNAUTHORIZED'],
    ['a foreign trust domain', 'spiffe://elsewhere.example/checkout', 'ERR_SPIFFE_X509_SVID_NO_BUNDLE'],
    ['a federated CA', 'spiffe://acme.internal/checkout', 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY'],
  ])('has %s refused for the right reason, where checkout comes in the same way', (who, intruder, code) => {
    expect(stepOf(steps, who).facts).toMatchObject({
      intruder,
      code,
      twinSaw: 'hello spiffe://acme.internal/checkout',
    })
  })

  test('has a bearer token pass, and one with another audience refused', () => {
    expect(stepOf(steps, 'for orders passes').facts).toEqual({
      status: 200,
      body: 'hello spiffe://acme.internal/checkout',
    })
    expect(stepOf(steps, 'for somebody else').facts).toEqual({
      status: 401,
      code: 'ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH',
    })
  })

  test.each(['SVIDs rotate', 'the authority rotates'])('loses no request while %s', (what) => {
    const { rotated, requests, failures } = stepOf(steps, what).facts
    expect(failures).toBe(0)
    expect(rotated).toBeGreaterThan(0)
    expect(Number(requests)).toBeGreaterThan(Number(rotated))
  })
})

describe('the demo with an agent', () => {
  test('of one identity shows what that one carries, and says why not the rest', async () => {
    await using api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
    const workload = api.workload('spiffe://acme.internal/solo', { ttlSeconds: 5 })
    const steps = await runDemo({ address: workload.address, rotations: 1, watchMs: 6000 })
    expect(stepOf(steps, 'answers').detail).toContain('1 identity')
    expect(stepOf(steps, 'checkout calls').facts).toEqual({ body: 'hello spiffe://acme.internal/solo' })
    expect(stepOf(steps, 'foreign').facts).toMatchObject({ code: 'ERR_SPIFFE_X509_SVID_NO_BUNDLE' })
    expect(stepOf(steps, 'SVIDs rotate').facts).toMatchObject({ rotated: 1, failures: 0 })
    const missing = steps.filter(({ outcome }) => outcome === 'not shown')
    expect(missing.map(({ title }) => title)).toEqual([
      'a stranger of the trust domain is refused',
      'one that a federated CA issued in our name is refused',
      'the authority rotates while requests flow',
    ])
    for (const { detail } of missing) expect(detail).not.toBe('')
    expect(exitCode(steps)).toBe(0)
  })

  test('of several identities has one of them refused', async () => {
    await using api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
    const workload = api.workload('spiffe://acme.internal/one', { entryID: '1' })
    await workload.register('spiffe://acme.internal/two', { entryID: '2' })
    const steps = await runDemo({ address: workload.address, rotations: 0, watchMs: 1 })
    expect(stepOf(steps, 'checkout calls').facts).toEqual({ body: 'hello spiffe://acme.internal/two' })
    expect(stepOf(steps, 'stranger').facts).toMatchObject({
      intruder: 'spiffe://acme.internal/one',
      code: 'ERR_SPIFFE_TLS_UNAUTHORIZED',
      twinSaw: 'hello spiffe://acme.internal/two',
    })
  })

  test('that is not there fails at the first step', async () => {
    const steps = await runDemo({ address: 'unix:///nowhere/agent.sock', patienceMs: 50 })
    expect(outcomes(steps)).toEqual(['failed'])
    expect(exitCode(steps)).toBe(1)
  })
})

describe('a step', () => {
  const finding = { detail: 'fine', facts: {} }

  test('is shown, not shown or failed, and only a needed one ends the demo', async () => {
    const steps = new Steps(() => undefined)
    await steps.show('good', async () => finding)
    await steps.show('impossible', () => Promise.reject(new NotShown('nobody plays it')))
    await steps.show('bad', () => Promise.reject(new Error('broken')))
    await expect(steps.need('needed', () => Promise.reject(new Error('broken')))).rejects.toThrow('needed')
    expect(outcomes(steps.done)).toEqual(['shown', 'not shown', 'failed', 'failed'])
    expect(steps.done.map(({ detail }) => detail)).toEqual(['fine', 'nobody plays it', 'broken', 'broken'])
  })

  test.each([
    [['shown', 'not shown'], 0],
    [['shown', 'failed'], 1],
    [['not shown'], 1],
    [[], 1],
  ] as const)('%j exits with %i', (came, code) => {
    expect(exitCode(came.map((outcome) => ({ title: '', outcome, detail: '', facts: {}, ms: 0 })))).toBe(code)
  })
})

describe('the screen', () => {
  const step: Step = { title: 'a step', outcome: 'shown', detail: 'fine', facts: {}, ms: 1.4 }

  function print(hasColors: boolean): string {
    const written: string[] = []
    const screen = new Screen({ hasColors: () => hasColors, write: (text) => written.push(text) })
    screen.begin('the demo')
    screen.step(step)
    screen.end([step], 1234)
    return written.join('')
  }

  test('has a line for each step, with its time', () => {
    expect(print(false)).toMatch(/\n {2}✓ a step {40,} 1 ms {2}fine\n/)
    expect(print(false)).toContain('1 shown in 1.2 s')
  })

  test('has colours where the terminal has them, and none where it was told so', () => {
    expect(print(true)).toContain(`${ESCAPE}[32m✓`)
    expect(print(false)).not.toContain(ESCAPE)
  })
})

test('npm run demo prints one screen without colours into a pipe, and exits with 0', {
  timeout: 120_000,
}, async () => {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'examples/demo/main.ts'])
  const lines = stdout.trim().split('\n')
  expect(lines.filter((line) => line.includes('✓'))).toHaveLength(11)
  expect(stdout).toMatch(/\b0 failures/)
  expect(stdout).not.toContain(ESCAPE)
})

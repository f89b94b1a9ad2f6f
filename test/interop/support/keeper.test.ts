import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { JSONProcess } from './json-process.ts'
import { Keeper } from './keeper.ts'
import { run } from './run.ts'
import type { Leavings } from './victim/leave.ts'

const keeper = Keeper.start()
afterAll(() => keeper.close())

const here = import.meta.dirname
const vitest = path.join(here, '../../../node_modules/vitest/vitest.mjs')

const victim = (end: string): JSONProcess<Leavings> =>
  new JSONProcess(keeper, process.execPath, ['--import', 'tsx', path.join(here, 'victim/script.ts'), end])

const runs = (group: number | undefined): boolean => {
  if (group === undefined) throw new Error('it never ran')
  try {
    return process.kill(-group, 0)
  } catch {
    return false
  }
}

async function expectNothingLeft({ folder, groups }: Leavings): Promise<void> {
  await expect.poll(() => groups.filter(runs), { timeout: 10_000 }).toEqual([])
  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false)
}

test.each([
  ['fails', (program: JSONProcess<Leavings>) => program.send('go')],
  ['is interrupted', (program: JSONProcess<Leavings>) => program.signal('SIGINT')],
  ['is killed', (program: JSONProcess<Leavings>) => program.signal('SIGKILL')],
])('leaves no process and no folder when the suite %s', async (_, end) => {
  const program = victim('throw')
  const made = await program.next('made')
  expect([existsSync(path.join(made.folder, 'socket')), ...made.groups.map(runs)]).toEqual([true, true, true])

  end(program)

  await expectNothingLeft(made)
})

test('leaves nothing when vitest is interrupted while a suite runs, though its workers hear nothing of it', async () => {
  const file = path.join(keeper.folder(), 'leavings.json')
  const args = [vitest, 'run', '--root', path.join(here, 'victim')]
  const env = { ...process.env, LEAVINGS: file }
  const main = keeper.spawn(process.execPath, args, { env, stdio: 'ignore' })
  const read = (): Leavings => JSON.parse(readFileSync(file, 'utf8'))
  const made = await vi.waitFor(read, { timeout: 60_000 })
  expect([existsSync(path.join(made.folder, 'socket')), ...made.groups.map(runs)]).toEqual([true, true, true])

  main.kill('SIGINT')

  await expectNothingLeft(made)
  await expect.poll(() => runs(main.pid), { timeout: 30_000 }).toBe(false)
})

// Its parent, which is frozen, takes no note of the end of the group, as an init that reaps nobody would.
const unreaped = `
  const { pid } = require('node:child_process').spawn('sleep', ['600'], { detached: true })
  require('node:fs').writeSync(1, JSON.stringify({ event: 'spawned', pid }) + '\\n')
  process.kill(process.pid, 'SIGSTOP')`

test('leaves no folder where a group of processes never goes', async () => {
  const parent = new JSONProcess<{ event: 'spawned'; pid: number }>(keeper, process.execPath, [
    '-e',
    unreaped,
  ])
  const { pid } = await parent.next('spawned')
  const folder = keeper.folder()
  const input = `+group ${pid}\n+folder ${folder}\n`

  const args = ['--import', 'tsx', path.join(here, 'reaper.ts')]
  const { status } = await run(keeper, process.execPath, args, { input, timeoutMs: 60_000 })

  expect([status, existsSync(folder), runs(pid)]).toEqual([0, false, true])
  parent.signal('SIGKILL')
})

test('leaves nothing when the suite ends well, and is done only then', async () => {
  const own = Keeper.start()
  const folder = own.folder()
  const child = own.spawn('sleep', ['600'])
  expect([existsSync(folder), runs(child.pid)]).toEqual([true, true])

  await own.close()

  expect([existsSync(folder), runs(child.pid)]).toEqual([false, false])
})

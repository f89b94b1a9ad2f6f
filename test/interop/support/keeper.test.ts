import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { JSONProcess } from './json-process.ts'
import { Keeper } from './keeper.ts'

const keeper = Keeper.start()
afterAll(() => keeper.close())

interface Made {
  readonly event: 'made'
  readonly folder: string
  readonly groups: readonly number[]
}

const victim = (end: string): JSONProcess<Made> =>
  new JSONProcess(keeper, process.execPath, [
    '--import',
    'tsx',
    path.join(import.meta.dirname, 'keeper-victim.ts'),
    end,
  ])

const runs = (group: number): boolean => {
  try {
    return process.kill(-group, 0)
  } catch {
    return false
  }
}

test.each([
  ['fails', (program: JSONProcess<Made>) => program.send('go')],
  ['is interrupted', (program: JSONProcess<Made>) => program.signal('SIGINT')],
  ['is killed', (program: JSONProcess<Made>) => program.signal('SIGKILL')],
])('leaves no process and no folder when the suite %s', async (_, end) => {
  const program = victim('throw')
  const { folder, groups } = await program.next('made')
  expect([existsSync(path.join(folder, 'socket')), ...groups.map(runs)]).toEqual([true, true, true])

  end(program)

  await expect.poll(() => groups.filter(runs), { timeout: 10_000 }).toEqual([])
  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false)
})

test('leaves nothing when the suite ends well, and is done only then', async () => {
  const own = Keeper.start()
  const folder = own.folder()
  const child = own.spawn('sleep', ['600'])
  expect([existsSync(folder), runs(child.pid ?? 0)]).toEqual([true, true])

  await own.close()

  expect([existsSync(folder), runs(child.pid ?? 0)]).toEqual([false, false])
})

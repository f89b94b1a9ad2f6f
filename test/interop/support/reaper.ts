import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

// Runs beside a test in a session of its own and reads what the test owns: `+group 123`, `-group 123`,
// `+folder /tmp/x`. When its input ends, however the test ended, whatever is still owned goes: the groups of
// processes first (a frozen one too), then the folders with the sockets in them. A group can outlive its end as long
// as nobody takes note of it: the folders do not wait for that.
const groupsEndWithinMs = 5_000
const groups = new Set<number>()
const folders = new Set<string>()

const remember = (line: string): void => {
  const [, verb, kind, value = ''] = /^([+-])(group|folder) (.+)$/.exec(line) ?? []
  if (kind === 'group') verb === '+' ? groups.add(Number(value)) : groups.delete(Number(value))
  if (kind === 'folder') verb === '+' ? folders.add(value) : folders.delete(value)
}

const signal = (group: number, name: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-group, name)
  } catch {
    return false
  }
}

for await (const line of createInterface({ input: process.stdin })) remember(line)
for (const group of groups) signal(group, 'SIGKILL')
const deadline = performance.now() + groupsEndWithinMs
for (const group of groups) while (signal(group, 0) && performance.now() < deadline) await delay(5)
for (const folder of folders) rmSync(folder, { recursive: true, force: true })

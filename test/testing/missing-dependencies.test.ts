import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

const dataURL = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`

// Resolution as it goes where a package is not installed.
const without = (...packages: readonly string[]): string =>
  dataURL(`
    import { register } from 'node:module'
    register(${JSON.stringify(
      dataURL(`
        export async function resolve(specifier, context, next) {
          if (!${JSON.stringify(packages)}.includes(specifier)) return next(specifier, context)
          throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
        }`),
    )})`)

const script = `
  import { WorkloadAPI } from './src/testing/index.ts'
  const started = await WorkloadAPI.start({ trustDomain: 'acme.internal' }).catch((error) => error)
  console.log(started instanceof WorkloadAPI ? 'started' : started.name + ' ' + started.code + ' ' + started.message)
  if (started instanceof WorkloadAPI) await started.close()`

async function startWithout(...missing: readonly string[]): Promise<string> {
  const imports = ['tsx', without(...missing)].flatMap((module) => ['--import', module])
  const { stdout } = await run(process.execPath, [...imports, '--input-type=module', '--eval', script])
  return stdout.trim()
}

test('a Workload API says what to install where its optional dependencies are missing, and starts otherwise', {
  timeout: 120_000,
}, async () => {
  const [complete, incomplete] = await Promise.all([
    startWithout('something-else'),
    startWithout('@peculiar/x509', 'reflect-metadata'),
  ])
  expect(complete).toBe('started')
  expect(incomplete).toMatch(/^TestingError ERR_SPIFFE_TESTING_DEPENDENCY_MISSING /)
  expect(incomplete).toContain('npm install --save-dev @peculiar/x509 reflect-metadata')
})

import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], options: Record<string, unknown> = {}) => ({
  extends: true as const,
  test: {
    name,
    include,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks' as const,
    maxWorkers: '100%',
    ...options,
  },
})

// CI adds up what the suites report; everybody else reads the terminal.
const report = process.env['TEST_REPORT']

export default defineConfig({
  resolve: {
    // As in tsconfig.json: the package under its own name is its source.
    alias: [
      { find: /^js-spiffe$/, replacement: new URL('src/index.ts', import.meta.url).pathname },
      { find: /^js-spiffe\/errors$/, replacement: new URL('src/errors.ts', import.meta.url).pathname },
      { find: /^js-spiffe\/(\w+)$/, replacement: new URL('src/$1/index.ts', import.meta.url).pathname },
    ],
  },
  test: {
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      project('unit', ['test/**/*.test.ts'], { exclude: ['test/{interop,packaging,docs}/**'] }),
      project('docs', ['test/docs/**/*.test.ts'], { testTimeout: 180_000 }),
      project('packaging', ['test/packaging/**/*.test.ts'], { testTimeout: 180_000 }),
      project('oracles', ['test/interop/{openssl,pkijs}/**/*.test.ts'], {
        globalSetup: 'test/interop/openssl/support/setup.ts',
        testTimeout: 600_000,
      }),
      project('go', ['test/interop/{go,support}/**/*.test.ts'], {
        globalSetup: 'test/interop/go/support/setup.ts',
        // Go uses all cores, and the timing of some connections matters.
        maxWorkers: 1,
        sequence: { groupOrder: 1 },
        testTimeout: 120_000,
        hookTimeout: 900_000,
      }),
      project('spire', ['test/interop/spire/**/*.test.ts'], {
        globalSetup: 'test/interop/spire/support/setup.ts',
        // They wait more than they work: for SVIDs to expire, and for a server that is down for a minute.
        maxWorkers: 3,
        sequence: { groupOrder: 2 },
        testTimeout: 300_000,
        hookTimeout: 1_800_000,
      }),
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text-summary', 'json-summary', 'html'],
    },
  },
})

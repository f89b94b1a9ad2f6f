import { defineConfig } from 'vitest/config'

const report = process.env['TEST_REPORT']

// The suites that feed broken input; FUZZ_RUNS says how often to each property.
export default defineConfig({
  test: {
    include: ['test/**/*.fuzz.test.ts'],
    testTimeout: 7_200_000,
    pool: 'forks',
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})

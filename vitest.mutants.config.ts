import { defineConfig } from 'vitest/config'

// The suites that judge one part of the validators (tools/mutants.ts names it), without the fuzzers: a mutant is
// run against them thousands of times.
const suites = (process.env['MUTANTS_SUITES'] ?? 'spiffeid,bundle,svid,internal,conformance').split(',')

export default defineConfig({
  test: {
    include: suites.map((suite) => (suite.endsWith('.ts') ? `test/${suite}` : `test/${suite}/**/*.test.ts`)),
    exclude: ['test/**/*.fuzz.test.ts', 'test/conformance/workload-*'],
    testTimeout: 20_000,
  },
})

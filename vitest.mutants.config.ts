import { defineConfig } from 'vitest/config'

// The suites that judge the validators, without the fuzzers: a mutant is run against them thousands of times.
export default defineConfig({
  test: {
    include: ['test/{spiffeid,bundle,svid,internal,conformance}/**/*.test.ts'],
    exclude: ['test/**/*.fuzz.test.ts', 'test/conformance/workload-*'],
    testTimeout: 20_000,
  },
})

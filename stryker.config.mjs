/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutants.config.ts', related: false },
  coverageAnalysis: 'perTest',
  // What runs while a module loads is judged by the tests that meet it again; constants alone are left out.
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 10_000,
  ignorePatterns: [
    'dist',
    'docs',
    'examples',
    'reports',
    'coverage',
    '.cache',
    'test/interop',
    'test/tlsconfig',
  ],
  reporters: ['json'],
  jsonReporter: { fileName: process.env['MUTANTS_REPORT'] ?? 'reports/mutants/mutants.json' },
  tempDirName: '.stryker-tmp',
  incremental: true,
  thresholds: { break: 95, high: 98, low: 95 },
}

/**
 * How often a property is tried: few times in a developer's run, `FUZZ_RUNS` times in CI and in `npm run fuzz`.
 *
 * @param share - Which part of the runs this property gets, where an input costs much more than others.
 */
export function fuzzRuns(share = 1): { readonly numRuns: number } {
  return { numRuns: Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 300) * share) }
}

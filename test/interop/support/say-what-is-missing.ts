/**
 * Says once, before the suites of a project, that some are skipped and why: what a skipped suite is called is printed
 * of a single file alone. In CI they fail, and say it themselves.
 *
 * @param missing - What is missing and how to get it, or `undefined`.
 */
export function sayWhatIsMissing(project: string, missing: string | undefined): void {
  if (missing === undefined || process.env['CI'] !== undefined) return
  process.stderr.write(`\nSuites of the project ${project} are skipped: ${missing}.\n`)
}

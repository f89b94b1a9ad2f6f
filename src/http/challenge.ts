/**
 * The value of `WWW-Authenticate` (RFC 6750 §3): never anything of the request, and nothing that could end the
 * quotes or the line.
 */
export function challenge(parameters: Readonly<Record<string, string>>): string {
  const quoted = Object.entries(parameters).map(([name, value]) => `${name}="${quotable(value)}"`)
  return `Bearer ${quoted.join(', ')}`
}

/** What may stand between quotes (RFC 9110 §5.6.4), in ASCII: all that every server can write into a header. */
function quotable(value: string): string {
  return value.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')
}

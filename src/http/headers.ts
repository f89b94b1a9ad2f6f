/**
 * The headers of a request, in whatever form they are at hand.
 *
 * - A list of alternating names and values: `rawHeaders` of Node. Two `Authorization` headers are seen here, and
 *   refused.
 * - An object with a value or a list of values for each name, in any case: `headersDistinct` or `headers` of Node,
 *   or any other. In `headers`, Node has kept the first of two `Authorization` headers and dropped the second, so
 *   that nobody can see it there.
 * - Whatever has the `get` of Fetch `Headers`, which joins two headers by a comma; that is refused.
 */
export type BearerHeaders =
  | readonly string[]
  | HeadersLike
  | { readonly [name: string]: string | readonly string[] | undefined }

/** What is asked of Fetch `Headers`. */
export interface HeadersLike {
  /** The value of the header with a name in lower case. */
  get(name: string): string | null | undefined
}

/** The values of every `Authorization` header that can be seen. */
export function authorizationValues(headers: BearerHeaders): readonly string[] {
  if (typeof headers !== 'object' || headers === null) throw new TypeError('headers must be an object')
  const found: readonly unknown[] = isHeadersLike(headers)
    ? [headers.get('authorization')]
    : fields(headers).flatMap(([name, value]) => (name.toLowerCase() === 'authorization' ? value : []))
  const values = found.filter((value) => value !== undefined && value !== null)
  if (values.every((value) => typeof value === 'string')) return values
  throw new TypeError('the values of headers must be strings')
}

function isHeadersLike(headers: BearerHeaders): headers is HeadersLike {
  return 'get' in headers && typeof headers.get === 'function'
}

/** The name and the value, or the values, of each field. */
function fields(
  headers: Exclude<BearerHeaders, HeadersLike>,
): readonly (readonly [name: string, value: unknown])[] {
  if (!Array.isArray(headers)) return Object.entries(headers)
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]] as const] : []))
}

const SCHEME = 'spiffe://'

/**
 * Why go-spiffe, and with it SPIRE, takes a text for no SPIFFE ID, in its words and by the first rule that it finds
 * broken; `undefined` where it takes it for one.
 */
export function whyNoSpiffeID(text: string): string | undefined {
  if (!text.startsWith(SCHEME)) return 'scheme is missing or invalid'
  const [trustDomain = '', ...segments] = text.slice(SCHEME.length).split('/')
  if (/[^a-z0-9._-]/.test(trustDomain)) {
    return 'trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores'
  }
  if (trustDomain === '') return 'trust domain is missing'
  for (const [at, segment] of segments.entries()) {
    const why = whyNoSegment(segment, at === segments.length - 1)
    if (why !== undefined) return why
  }
  return undefined
}

function whyNoSegment(segment: string, isLast: boolean): string | undefined {
  if (/[^a-zA-Z0-9._-]/.test(segment)) {
    return 'path segment characters are limited to letters, numbers, dots, dashes, and underscores'
  }
  if (segment === '')
    return isLast ? 'path cannot have a trailing slash' : 'path cannot contain empty segments'
  return segment === '.' || segment === '..' ? 'path cannot contain dot segments' : undefined
}

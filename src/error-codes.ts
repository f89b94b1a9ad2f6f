/** What is known of a code before anything went wrong: the rule behind it and the way out. */
interface ErrorCodeEntry {
  readonly rule: string
  readonly remedy: string
}

/**
 * Every code of {@link SpiffeError}, with the rule it stands for and what to do about it.
 *
 * One code per refusal that a caller could act on. Rules name the clause of the SPIFFE standards or the
 * RFC; where the rule is this library's own, it says so. `docs/errors.md` is generated from this table.
 */
export const errorCodes = {
  // spiffeid
  ERR_SPIFFE_ID_EMPTY: {
    rule: 'SPIFFE-ID §2',
    remedy: 'pass an ID such as spiffe://acme.internal/orders; is the variable it comes from set?',
  },
  ERR_SPIFFE_ID_SCHEME: {
    rule: 'SPIFFE-ID §2',
    remedy: 'start the ID with spiffe://',
  },
  ERR_SPIFFE_ID_UPPER_CASE: {
    rule: 'SPIFFE-ID §2.1',
    remedy: 'write scheme and trust domain in lower case, or parse what people type with { fold: true }',
  },
  ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY: {
    rule: 'SPIFFE-ID §2',
    remedy: 'name the trust domain, as in spiffe://acme.internal',
  },
  ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG: {
    rule: 'SPIFFE-ID §2.3',
    remedy: 'use a trust domain of at most 255 characters',
  },
  ERR_SPIFFE_ID_TRUST_DOMAIN_CHARACTER: {
    rule: 'SPIFFE-ID §2.1',
    remedy: 'use only a-z, 0-9, ".", "-" and "_" in a trust domain',
  },
  ERR_SPIFFE_ID_USERINFO_OR_PORT: {
    rule: 'SPIFFE-ID §2.1',
    remedy: 'leave user, password and port out: a trust domain is a name and no address',
  },
  ERR_SPIFFE_ID_QUERY_OR_FRAGMENT: {
    rule: 'SPIFFE-ID §2',
    remedy: 'leave out "?" and "#" and what follows them',
  },
  ERR_SPIFFE_ID_PERCENT_ENCODING: {
    rule: 'SPIFFE-ID §2.1',
    remedy: 'write the characters as they are; those that would need encoding are not allowed',
  },
  ERR_SPIFFE_ID_PATH_RELATIVE: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'start the path with a slash, or leave it empty',
  },
  ERR_SPIFFE_ID_PATH_CHARACTER: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'use only a-z, A-Z, 0-9, ".", "-" and "_" in a path segment',
  },
  ERR_SPIFFE_ID_EMPTY_SEGMENT: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'put something between each two slashes of the path',
  },
  ERR_SPIFFE_ID_DOT_SEGMENT: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'write the path out: "." and ".." are not resolved',
  },
  ERR_SPIFFE_ID_TRAILING_SLASH: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'remove the slash at the end',
  },
  ERR_SPIFFE_ID_TOO_LONG: {
    rule: 'SPIFFE-ID §2.3',
    remedy: 'use an ID of at most 2048 characters',
  },

  // bundle

  // svid: X509-SVID

  // svid: JWT-SVID

  // workloadapi

  // tlsconfig

  // http

  // testing

  // internal
  ERR_SPIFFE_DER_MALFORMED: {
    rule: 'X.690 §10',
    remedy: 'have the issuer encode it in DER: definite, minimal lengths and nothing after the end',
  },
} as const satisfies Record<`ERR_SPIFFE_${string}`, ErrorCodeEntry>

/** The closed union of what {@link SpiffeError.code} can be. */
export type SpiffeErrorCode = keyof typeof errorCodes

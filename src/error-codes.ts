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

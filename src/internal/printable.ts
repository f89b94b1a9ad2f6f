const LONGEST_QUOTE = 120

/** A JWT and what follows: how a JSON object begins in base64url, by a brace with a quote or white space behind it. */
const JWT = /e(?:y[AIJ]|w[0ko])[\w-]{16}.*/s

/**
 * Text from outside, made fit for an error message: quoted, without control characters, cut where long.
 *
 * Never for tokens, keys or certificates: those do not belong into a message at all. Of a JWT that stands where
 * something else was expected nothing is shown.
 */
export function printable(value: string): string {
  const cut = value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value
  return JSON.stringify(cut.replace(JWT, '[JWT]')).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

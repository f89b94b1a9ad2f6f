const LONGEST_QUOTE = 120

/**
 * Text from outside, made fit for an error message: quoted, without control characters, cut where long.
 *
 * Never for tokens, keys or certificates: those do not belong into a message at all.
 */
export function printable(value: string): string {
  const cut = value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

import { type DERElement, malformed, TAG } from '../der.ts'
import { readASCII } from '../der-values.ts'

/**
 * A Time in milliseconds since 1970: UTC, with seconds and without fractions (RFC 5280 §4.1.2.5).
 *
 * Either encoding is read for any year, as §4.1.2.5 asks of who uses certificates.
 */
export function readTime(element: DERElement): number {
  const text = withCentury(element)
  if (!/^\d{14}Z$/.test(text)) throw malformed('a time is not in the form of RFC 5280', 'RFC 5280 §4.1.2.5')
  const field = (position: number): number => Number(text.slice(position, position + 2))
  const month = field(4)
  const day = field(6)
  const date = new Date(0)
  date.setUTCFullYear(Number(text.slice(0, 4)), month - 1, day)
  // Date carries a 30th of February over into March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    throw malformed('a date is not in the calendar')
  const [hour, minute, second] = [field(8), field(10), field(12)]
  if (hour > 23 || minute > 59 || second > 59) throw malformed('a time is not on the clock')
  return date.setUTCHours(hour, minute, second)
}

/** UTCTime has two digits for the year: those below 50 are of this century (RFC 5280 §4.1.2.5.1). */
function withCentury(element: DERElement): string {
  const text = readASCII(element)
  if (element.tag === TAG.generalizedTime) return text
  if (element.tag !== TAG.utcTime) throw malformed('a time has another type')
  return `${text < '5' ? '20' : '19'}${text}`
}

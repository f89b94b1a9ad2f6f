import { type DERElement, malformed, TAG } from '../der.ts'
import { readASCII } from '../der-values.ts'

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/

/**
 * A Time in milliseconds since 1970: UTC, with seconds and without fractions (RFC 5280 §4.1.2.5).
 *
 * Either encoding is read for any year, as §4.1.2.5 asks of who uses certificates.
 */
export function readTime(element: DERElement): number {
  const [, year, month, day, hour, minute, second] = TIME.exec(withCentury(element))?.map(Number) ?? []
  if (year === undefined || month === undefined) throw malformed('a time is not in the form of RFC 5280')
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(Number(hour), minute, second)
  // Date carries a 30th of February over into March.
  const isInCalendar =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  if (!isInCalendar) throw malformed('a time does not exist in the calendar')
  return date.getTime()
}

function withCentury(element: DERElement): string {
  const text = readASCII(element.contents)
  if (element.tag === TAG.generalizedTime) return text
  if (element.tag !== TAG.utcTime) throw malformed('a time has another type')
  return `${text < '5' ? '20' : '19'}${text}`
}

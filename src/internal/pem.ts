import { SpiffeError } from '../errors.ts'
import { printable } from './printable.ts'

/** One block of a PEM text. */
export interface PEMBlock<Label extends string = string> {
  /** What stands after `BEGIN`, such as `CERTIFICATE`. */
  readonly label: Label
  readonly der: Uint8Array
}

const BEGIN = /^-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----\s*$/
const END = /^-----END ([A-Z0-9][A-Z0-9 ]*)-----\s*$/
// What a reader takes for a boundary, whatever stands before it that nobody sees.
const BOUNDARY = /^[\s\p{C}]*-----(BEGIN|END)\b/u
const BYTE_ORDER_MARK = /^\ufeff/

/**
 * Reads the blocks of a PEM text (RFC 7468 §2); what stands between blocks is explanatory text, and a boundary is
 * none: a block that was passed over for a blank before it would make another one the first.
 *
 * @param labels - Which blocks to read. Others must end, but what they hold is not looked at: a file can keep
 * an encrypted key beside its certificates. All of them where absent.
 */
export function decodePEM<Label extends string = string>(
  text: string,
  labels?: readonly Label[],
): PEMBlock<Label>[] {
  const isWanted = (label: string): label is Label =>
    labels === undefined || (labels as readonly string[]).includes(label)
  const blocks: PEMBlock<Label>[] = []
  let label: string | undefined
  let body: string[] = []
  for (const line of text.replace(BYTE_ORDER_MARK, '').split(/\r\n|\n|\r/)) {
    if (label === undefined) {
      label = BEGIN.exec(line)?.[1]
      if (label === undefined) assertExplanatory(line)
      body = []
    } else if (!line.startsWith('-----')) {
      body.push(line)
    } else {
      if (END.exec(line)?.[1] !== label)
        throw malformed(`the block ${printable(label)} does not end with its label`)
      if (isWanted(label)) blocks.push({ label, der: decodeBody(label, body) })
      label = undefined
    }
  }
  if (label !== undefined) throw malformed(`the block ${printable(label)} does not end`)
  return blocks
}

/** Writes one block, in lines of 64 characters (RFC 7468 §2). */
export function encodePEM(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

function assertExplanatory(line: string): void {
  const boundary = BOUNDARY.exec(line)?.[1]
  if (boundary === 'BEGIN') throw malformed('a BEGIN line cannot be read')
  if (boundary === 'END') throw malformed('an END line ends no block')
}

function decodeBody(label: string, lines: readonly string[]): Uint8Array {
  // Encapsulated headers belong to RFC 1421: they come with keys that are encrypted the old way.
  if (lines.some((line) => line.includes(':'))) throw malformed(`the block ${printable(label)} has headers`)
  const base64 = lines.join('').replace(/[ \t]/g, '')
  const der = Buffer.from(base64, 'base64')
  // Node skips what is no base64; only what encodes to the same text again was canonical (RFC 4648 §3.5).
  if (der.length === 0 || der.toString('base64') !== base64) {
    throw malformed(`the block ${printable(label)} is not base64`)
  }
  return new Uint8Array(der)
}

function malformed(detail: string): SpiffeError {
  return new SpiffeError('ERR_SPIFFE_PEM_MALFORMED', detail)
}

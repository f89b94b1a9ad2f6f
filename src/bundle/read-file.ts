import { printable } from '../internal/printable.ts'
import { type RefuseFile, readFileWithin } from '../internal/read-file.ts'
import { BundleError } from './error.ts'

/** How a file is read. */
export interface LoadOptions {
  /** Ends the reading; the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const CODES = {
  unreadable: 'ERR_SPIFFE_BUNDLE_FILE_UNREADABLE',
  'too large': 'ERR_SPIFFE_BUNDLE_TOO_LARGE',
} as const

// Those of ASCII, and the bytes of a byte order mark.
const BLANK = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])

/**
 * Reads a whole file, but no more of it than a bundle may have. A file with nothing in it is one that somebody
 * has still to write, and no word of a trust domain that it trusts nothing any more.
 */
export async function readBundleFile(
  path: string | URL,
  maxBytes: number,
  { signal }: LoadOptions,
): Promise<Uint8Array> {
  const refuse: RefuseFile = (fault, detail, options) => new BundleError(CODES[fault], detail, options)
  const bytes = await readFileWithin(maxBytes, path, refuse, signal)
  if (bytes.every((byte) => BLANK.has(byte))) {
    throw refuse('unreadable', `the file ${printable(String(path))} is empty`, {})
  }
  return bytes
}

import { readFileWithin } from '../internal/read-file.ts'
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

/** Reads a whole file, but no more of it than a bundle may have. */
export function readBundleFile(
  path: string | URL,
  maxBytes: number,
  { signal }: LoadOptions,
): Promise<Uint8Array> {
  return readFileWithin(
    maxBytes,
    path,
    (fault, detail, options) => new BundleError(CODES[fault], detail, options),
    signal,
  )
}

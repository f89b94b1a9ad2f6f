import { type FileHandle, open } from 'node:fs/promises'
import { printable } from '../internal/printable.ts'
import { BundleError } from './error.ts'

/** How a file is read. */
export interface LoadOptions {
  /** Ends the reading; the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const CHUNK_BYTES = 64 * 1024

/**
 * Reads a whole file, but no more of it than a bundle may have: what stands at a path may be replaced, grow
 * while it is read, or be a device that never ends.
 */
export async function readBundleFile(
  path: string | URL,
  maxBytes: number,
  { signal }: LoadOptions,
): Promise<Uint8Array> {
  signal?.throwIfAborted()
  let bytes: Uint8Array | undefined
  try {
    const file = await open(path)
    try {
      bytes = await readWithin(maxBytes, file, signal)
    } finally {
      await file.close()
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw new BundleError('ERR_SPIFFE_BUNDLE_FILE_UNREADABLE', `${nameOf(path)} cannot be read`, { cause })
  }
  if (bytes === undefined) {
    throw new BundleError('ERR_SPIFFE_BUNDLE_TOO_LARGE', `${nameOf(path)} is larger than ${maxBytes} bytes`)
  }
  return bytes
}

/** All bytes of a file, or `undefined` once there are more than a limit. */
async function readWithin(
  limit: number,
  file: FileHandle,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    signal?.throwIfAborted()
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES))
    if (bytesRead === 0) return Buffer.concat(chunks)
    size += bytesRead
    if (size > limit) return undefined
    chunks.push(buffer.subarray(0, bytesRead))
  }
}

function nameOf(path: string | URL): string {
  return `the file ${printable(String(path))}`
}

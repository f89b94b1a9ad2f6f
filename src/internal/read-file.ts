import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { printable } from './printable.ts'

/** Why a file is not read. */
export type FileFault = 'unreadable' | 'too large'

/** Makes the error of whoever wanted the file, out of a sentence that names it. */
export type RefuseFile = (fault: FileFault, detail: string, options: { readonly cause?: unknown }) => Error

interface Refused {
  readonly fault: FileFault
  readonly what: string
}

const CHUNK_BYTES = 64 * 1024

// To open a pipe waits for its writer otherwise, in a thread that the whole process lacks meanwhile.
const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK

/**
 * Reads a whole regular file, or one that links lead to, but no more of it than a limit: what stands at a path
 * may be replaced or grow while it is read. A pipe, a device or a socket gives its bytes once, when it wants to
 * or without end, and is refused.
 */
export async function readFileWithin(
  limit: number,
  path: string | URL,
  refuse: RefuseFile,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  signal?.throwIfAborted()
  const name = `the file ${printable(String(path))}`
  let result: Uint8Array | Refused
  try {
    result = await openAndRead(limit, path, signal)
  } catch (cause) {
    signal?.throwIfAborted()
    throw refuse('unreadable', `${name} cannot be read`, { cause })
  }
  if (result instanceof Uint8Array) return result
  throw refuse(result.fault, `${name} is ${result.what}`, {})
}

async function openAndRead(
  limit: number,
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | Refused> {
  const file = await open(path, WITHOUT_WAITING)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return { fault: 'unreadable', what: `${kindOf(stats)} and no regular file` }
    return await readWithin(limit, file, signal)
  } finally {
    await file.close()
  }
}

async function readWithin(
  limit: number,
  file: FileHandle,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | Refused> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    signal?.throwIfAborted()
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES))
    if (bytesRead === 0) return Buffer.concat(chunks)
    size += bytesRead
    if (size > limit) return { fault: 'too large', what: `larger than ${limit} bytes` }
    chunks.push(buffer.subarray(0, bytesRead))
  }
}

/** What stands at a path, in words. */
export function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return 'a pipe'
  if (stats.isDirectory()) return 'a directory'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}

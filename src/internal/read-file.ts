import { type FileHandle, open } from 'node:fs/promises'

const CHUNK_BYTES = 64 * 1024

/**
 * The bytes of a file, or `undefined` once there are more than a limit: what stands at a path may grow while it
 * is read, or be a device that never ends.
 */
export async function readFileWithin(
  limit: number,
  path: string | URL,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  signal?.throwIfAborted()
  const file = await open(path)
  try {
    return await readWithin(limit, file, signal)
  } finally {
    await file.close()
  }
}

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

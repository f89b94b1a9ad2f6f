import { setTimeout as delay } from 'node:timers/promises'
import { readFileWithin } from '../../internal/read-file.ts'
import { SVIDError } from '../error.ts'
import { refusal } from './refusal.ts'
import { X509SVID, type X509SVIDOptions } from './x509-svid.ts'

/** How {@link load} is to read. */
export interface LoadOptions extends X509SVIDOptions {
  /** Ends the reading; the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const LARGEST_FILE_BYTES = 1024 * 1024
const ATTEMPTS = 4
const PAUSE_MS = 25

/**
 * Reads an X509-SVID from PEM files, as {@link save}, spiffe-helper and others write them.
 *
 * Two files cannot be replaced in one step, so a reader can meet a certificate and the key of another one, or,
 * where somebody writes in place, half of a file. Neither is taken for an SVID: the files are read again, up to
 * three times, 25 ms apart, and what is still wrong then is the error.
 *
 * A file is a regular one, or links that lead to one, as Kubernetes mounts them; a pipe, such as a shell's
 * `<(command)`, or a device cannot be read again and is refused.
 *
 * @param certificateFile - The certificates, leaf first. At most 1 MiB.
 * @param keyFile - The private key: PKCS#8, or `EC PRIVATE KEY` or `RSA PRIVATE KEY`. Can be the same file.
 * @param options - A hint, and a signal.
 * @throws `SVIDError` `ERR_SPIFFE_X509_SVID_FILE` when a file cannot be read, and what
 * {@link X509SVID.parse} throws.
 * @see X509-SVID §4, Constraints and Usage
 * @example
 * Take an identity from files
 * ```ts
 * import { x509svid } from 'js-spiffe'
 *
 * const svid = await x509svid.load('svid.pem', 'svid-key.pem')
 * console.log(svid.id.toString())
 * ```
 */
export async function load(
  certificateFile: string | URL,
  keyFile: string | URL,
  { hint, signal }: LoadOptions = {},
): Promise<X509SVID> {
  for (let attemptsLeft = ATTEMPTS - 1; ; attemptsLeft--) {
    const certificates = await readText(certificateFile, signal)
    const key = await readText(keyFile, signal)
    try {
      return X509SVID.parse(certificates, key, { hint })
    } catch (error) {
      if (attemptsLeft === 0 || !(error instanceof SVIDError)) throw error
    }
    await delay(PAUSE_MS)
  }
}

async function readText(path: string | URL, signal: AbortSignal | undefined): Promise<string> {
  const bytes = await readFileWithin(
    LARGEST_FILE_BYTES,
    path,
    (_, detail, options) => refusal(undefined, 'ERR_SPIFFE_X509_SVID_FILE', detail, options),
    signal,
  )
  return Buffer.from(bytes).toString()
}

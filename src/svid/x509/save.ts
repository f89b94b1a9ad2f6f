import { realpath, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printable } from '../../internal/printable.ts'
import { StagedFile } from '../../internal/staged-file.ts'
import { refusal } from './refusal.ts'
import { X509SVID, type X509SVIDPEM } from './x509-svid.ts'

const CERTIFICATE_MODE = 0o644
const KEY_MODE = 0o600

/**
 * Writes an X509-SVID to PEM files: the certificates, leaf first, and the private key in PKCS#8.
 *
 * The key file is readable by its owner alone from its first byte on, whatever stood there before. Each file is
 * written beside its place and moved there when it is whole, so nobody ever reads half of one; a symbolic link
 * is replaced, not followed. Both are written before either is moved, the certificates first, and if the key
 * cannot be moved, the certificates that stood there come back.
 *
 * What cannot be had with two files: a crash between the two moves leaves new certificates beside the old key.
 * {@link load} recognizes that, and to save again mends it. Where that is not good enough, give the same path
 * twice: key and certificates then go into one file, which is replaced in one step. A crash can also leave a
 * hidden file that was not moved yet, with the permissions of the one it was to become.
 *
 * Calls take turns, in the order they were made, so what the last one was given is what stays: a listener of
 * `onChange` can call this without waiting for the one before. Other processes and worker threads do not take
 * turns: where several write the same pair, one file for both is the way.
 *
 * @param svid - What to write.
 * @param certificateFile - Where the certificates go.
 * @param keyFile - Where the private key goes.
 * @throws `SVIDError` `ERR_SPIFFE_X509_SVID_FILE` when a file cannot be written, or a pipe, a socket or a device
 * stands there.
 * @example
 * Hand an identity to a program that reads files
 * ```ts
 * import { X509Source, x509svid } from 'js-spiffe'
 *
 * const source = await X509Source.create()
 * await x509svid.save(source.getX509SVID(), 'svid.pem', 'svid-key.pem')
 * ```
 */
export async function save(
  svid: X509SVID,
  certificateFile: string | URL,
  keyFile: string | URL,
): Promise<void> {
  if (!(svid instanceof X509SVID)) throw new TypeError('an X509SVID is needed')
  const certificatePath = pathOf(certificateFile)
  const keyPath = pathOf(keyFile)
  const pem = svid.marshal()
  try {
    await inTurn(() => replace(certificatePath, keyPath, pem))
  } catch (cause) {
    const names = `${printable(certificatePath)} and ${printable(keyPath)}`
    throw refusal(svid.id, 'ERR_SPIFFE_X509_SVID_FILE', `it cannot be written to ${names}`, { cause })
  }
}

let lastTurn: Promise<void> = Promise.resolve()

/**
 * Acts when everything that was asked for before is done, well or not: two calls that overlap would leave the
 * certificates of the one and the key of the other. It is one queue for all, because only the file system knows
 * which paths lead to one file.
 */
function inTurn(act: () => Promise<void>): Promise<void> {
  const turn = lastTurn.then(act)
  lastTurn = turn.catch(() => {})
  return turn
}

async function replace(
  certificatePath: string,
  keyPath: string,
  { certificates, privateKey }: X509SVIDPEM,
): Promise<void> {
  const [certificatePlace, keyPlace] = await Promise.all([placeOf(certificatePath), placeOf(keyPath)])
  if (certificatePlace === keyPlace) {
    await moveIntoPlace(await StagedFile.write(keyPlace, privateKey + certificates, KEY_MODE))
  } else {
    await replaceBoth(certificatePlace, certificates, keyPlace, privateKey)
  }
}

/** The one spelling of a path: its folder without links, and the name in it, which may be a link to replace. */
async function placeOf(path: string): Promise<string> {
  return join(await realpath(dirname(path)), basename(path))
}

async function replaceBoth(
  certificatePath: string,
  certificates: string,
  keyPath: string,
  privateKey: string,
): Promise<void> {
  const newKey = await StagedFile.write(keyPath, privateKey, KEY_MODE)
  try {
    const oldCertificates = await StagedFile.copyOf(certificatePath)
    try {
      await moveIntoPlace(await StagedFile.write(certificatePath, certificates, CERTIFICATE_MODE))
      await newKey.commit().catch(async (error: unknown) => {
        await (oldCertificates?.commit() ?? rm(certificatePath))
        throw error
      })
    } finally {
      await oldCertificates?.discard()
    }
  } finally {
    await newKey.discard()
  }
}

async function moveIntoPlace(file: StagedFile): Promise<void> {
  try {
    await file.commit()
  } finally {
    await file.discard()
  }
}

function pathOf(file: string | URL): string {
  return resolve(file instanceof URL ? fileURLToPath(file) : file)
}

import { createPrivateKey, type KeyObject, sign, verify } from 'node:crypto'
import { malformed, readDER, TAG } from '../../internal/der.ts'
import { decodePEM, type PEMBlock } from '../../internal/pem.ts'
import type { Certificate } from '../../internal/x509/certificate.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { refusal } from './refusal.ts'

/** The encodings of private keys, by their PEM label, and what each has after its version. */
const ENCODINGS = {
  'PRIVATE KEY': { type: 'pkcs8', second: TAG.sequence, rule: 'RFC 5958 §2' },
  'EC PRIVATE KEY': { type: 'sec1', second: TAG.octetString, rule: 'RFC 5915 §3' },
  'RSA PRIVATE KEY': { type: 'pkcs1', second: TAG.integer, rule: 'RFC 8017 §A.1.2' },
} as const

type Label = keyof typeof ENCODINGS

const LABELS = ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY'] as const satisfies Label[]

/** Reads the one private key of a PEM text; other blocks, such as certificates, may stand beside it. */
export function readPrivateKeyPEM(text: string, id: SpiffeID): KeyObject {
  const [block, ...others] = decodeKeys(text, id)
  if (block === undefined || others.length > 0) {
    throw unreadable(
      id,
      block === undefined ? 'there is no private key' : 'there is more than one private key',
    )
  }
  return readPrivateKey(block.der, block.label, id)
}

/** Reads a private key in PKCS#8. */
export function readPrivateKeyDER(der: Uint8Array, id: SpiffeID): KeyObject {
  return readPrivateKey(der, 'PRIVATE KEY', id)
}

/**
 * Refuses a private key that does not belong to the leaf. To sign and to verify is the one proof: what an
 * encoded key says about its own public half need not be true.
 */
export function assertKeyFits(key: KeyObject, leaf: Certificate, id: SpiffeID): void {
  if (!fits(key, leaf)) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_KEY_MISMATCH', 'the private key does not belong to its leaf')
  }
}

// What is signed for the proof. It could not pass for anything else that a workload signs.
const PROBE = Buffer.from('js-spiffe: the private key belongs to the leaf')

function fits(key: KeyObject, leaf: Certificate): boolean {
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  try {
    return verify(hash, PROBE, leaf.publicKey(), sign(hash, PROBE, key))
  } catch {
    // Keys of types that do not go together.
    return false
  }
}

function decodeKeys(text: string, id: SpiffeID): PEMBlock<Label>[] {
  try {
    return decodePEM(text, LABELS)
  } catch (cause) {
    throw unreadable(id, 'the PEM of the private key cannot be read', cause)
  }
}

function readPrivateKey(der: Uint8Array, label: Label, id: SpiffeID): KeyObject {
  const { type, second, rule } = ENCODINGS[label]
  try {
    // OpenSSL passes over what follows a key, and tries other encodings than the one it is told.
    if (readDER(der).children[1]?.tag !== second) throw malformed(`it is no ${label}`, rule)
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type })
  } catch (cause) {
    throw unreadable(id, 'the private key cannot be read', cause)
  }
}

function unreadable(id: SpiffeID, detail: string, cause?: unknown): Error {
  return refusal(id, 'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE', detail, cause === undefined ? {} : { cause })
}

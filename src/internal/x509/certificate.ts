import { createPublicKey, type KeyObject } from 'node:crypto'
import { copyBytes, equalBytes } from '../bytes.ts'
import { contextPrimitive, type DERElement, malformed, readDER, splitDER, TAG } from '../der.ts'
import {
  Components,
  elementsOf,
  readCount,
  readInteger,
  readOctetsOfBitString,
  readOID,
} from '../der-values.ts'
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts'
import { type Details, readDetails } from './details.ts'
import { DistinguishedName } from './distinguished-name.ts'
import type { Extension } from './extensions.ts'
import { signatureHolds, signatureScheme } from './signature-scheme.ts'
import { readTime } from './time.ts'

// As many as one Workload API message can hold: its bytes are what is bounded.
const MOST_CERTIFICATES = 100_000

/**
 * The facts of one X.509 certificate, as its bytes state them. Immutable, and no verdict on any of them.
 *
 * The structure is read at once, and with it everything that finding a path needs. What key and extensions say
 * is read later, so that a strange extension costs nothing but the certificate it is in.
 */
export class Certificate {
  /** The whole certificate. */
  readonly raw: Uint8Array
  /** What the issuer signed (RFC 5280 §4.1.1.1). */
  readonly tbs: Uint8Array
  /** 1, 2 or 3 (RFC 5280 §4.1.2.1). */
  readonly version: number
  /** The contents of the INTEGER (RFC 5280 §4.1.2.2). */
  readonly serialNumber: Uint8Array
  /** With what the issuer signed; inside and outside of the signed part it says the same (RFC 5280 §4.1.1.2). */
  readonly signatureAlgorithm: AlgorithmIdentifier
  /** RFC 5280 §4.1.1.3 */
  readonly signature: Uint8Array
  /** RFC 5280 §4.1.2.4 */
  readonly issuer: DistinguishedName
  /** RFC 5280 §4.1.2.6 */
  readonly subject: DistinguishedName
  /** The first moment of validity, in milliseconds since 1970 (RFC 5280 §4.1.2.5). */
  readonly notBefore: number
  /** The last moment of validity, in milliseconds since 1970 (RFC 5280 §4.1.2.5). */
  readonly notAfter: number
  /** The SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7). */
  readonly spki: Uint8Array
  /** By object identifier; none appears twice (RFC 5280 §4.2). */
  readonly extensions: ReadonlyMap<string, Extension>

  #publicKey: KeyObject | undefined
  #signer: Certificate | undefined
  #details: Details | undefined

  /**
   * Reads the DER of one certificate; the bytes are copied.
   *
   * @throws `SpiffeError` `ERR_SPIFFE_DER_MALFORMED`
   */
  static parse(der: Uint8Array): Certificate {
    return new Certificate(copyBytes(der))
  }

  /**
   * Reads certificates in DER, one after the other without padding, as the Workload API sends them.
   *
   * @throws `SpiffeError` `ERR_SPIFFE_DER_MALFORMED`, also where bytes follow the last one.
   */
  static parseConcatenated(der: Uint8Array): Certificate[] {
    return splitDER(der, MOST_CERTIFICATES).map((part) => Certificate.parse(part))
  }

  private constructor(der: Uint8Array) {
    const certificate = new Components(readDER(der), 'a certificate')
    const tbs = certificate.take(TAG.sequence)
    this.signatureAlgorithm = readAlgorithmIdentifier(certificate.take(TAG.sequence))
    this.signature = readOctetsOfBitString(certificate.take(TAG.bitString))
    certificate.end()
    this.raw = der
    this.tbs = tbs.raw

    const fields = new Components(tbs, 'the signed part of a certificate')
    this.version = readVersion(fields.optionalExplicit(0))
    this.serialNumber = readInteger(fields.take(TAG.integer))
    const signedAlgorithm = fields.take(TAG.sequence)
    if (!equalBytes(signedAlgorithm.raw, this.signatureAlgorithm.raw)) {
      throw malformed('the signature algorithm differs within the certificate', 'RFC 5280 §4.1.1.2')
    }
    this.issuer = DistinguishedName.read(fields.takeAny())
    const validity = new Components(fields.takeAny(), 'the validity')
    this.notBefore = readTime(validity.takeAny())
    this.notAfter = readTime(validity.takeAny())
    validity.end()
    this.subject = DistinguishedName.read(fields.takeAny())
    this.spki = fields.take(TAG.sequence).raw
    const issuerUniqueID = fields.optional(contextPrimitive(1))
    const subjectUniqueID = fields.optional(contextPrimitive(2))
    if (this.version === 1 && (issuerUniqueID ?? subjectUniqueID) !== undefined) {
      throw malformed('a certificate of version 1 has unique identifiers', 'RFC 5280 §4.1.2.8')
    }
    const extensions = fields.optionalExplicit(3)
    if (this.version !== 3 && extensions !== undefined) {
      throw malformed('only a certificate of version 3 has extensions', 'RFC 5280 §4.1.2.9')
    }
    this.extensions = readExtensions(extensions)
    fields.end()
  }

  /** Whether issuer and subject are the same name (RFC 5280 §3.2). */
  get isSelfIssued(): boolean {
    return this.issuer.key === this.subject.key
  }

  /**
   * The public key for `node:crypto`, made once.
   *
   * @throws `Error` of `node:crypto` when it is no key.
   */
  publicKey(): KeyObject {
    this.#publicKey ??= createPublicKey({ key: Buffer.from(this.spki), format: 'der', type: 'spki' })
    return this.#publicKey
  }

  /** Whether it is signed with an algorithm that is taken at all. */
  get hasKnownScheme(): boolean {
    return signatureScheme(this.signatureAlgorithm) !== undefined
  }

  /** Whether it is known already that the key of the issuer signed it. */
  isKnownToBeSignedBy(issuer: Certificate): boolean {
    return (
      this.#signer === issuer || (this.#signer !== undefined && equalBytes(this.#signer.spki, issuer.spki))
    )
  }

  /**
   * Whether the key of the issuer signed it (RFC 5280 §6.1.3 (a)(1)). A fact of two byte strings, true for
   * ever; that it is so is remembered, that it is not is not.
   */
  isSignedBy(issuer: Certificate): boolean {
    if (this.isKnownToBeSignedBy(issuer)) return true
    const scheme = signatureScheme(this.signatureAlgorithm)
    if (scheme?.keyType !== issuer.details.publicKey.type) return false
    if (!signatureHolds(scheme, this.tbs, this.signature, () => issuer.publicKey())) return false
    this.#signer = issuer
    return true
  }

  /**
   * What key and extensions say, read whole when it is first asked for.
   *
   * @throws `SpiffeError` `ERR_SPIFFE_DER_MALFORMED` when any of it cannot be read.
   */
  get details(): Details {
    this.#details ??= readDetails(this.spki, this.extensions)
    return this.#details
  }
}

/** Version ::= INTEGER { v1(0), v2(1), v3(2) }, where v1 is the default that DER leaves out. */
function readVersion(element: DERElement | undefined): number {
  if (element === undefined) return 1
  const version = element.tag === TAG.integer ? readCount(element) + 1 : undefined
  if (version !== 2 && version !== 3) throw malformed('the version is neither 2 nor 3', 'RFC 5280 §4.1.2.1')
  return version
}

function readExtensions(list: DERElement | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  if (list === undefined) return extensions
  for (const extension of elementsOf(list, 'the list of extensions')) {
    const parts = new Components(extension, 'an extension')
    const oid = readOID(parts.take(TAG.objectIdentifier))
    const critical = parts.defaultFalse()
    const value = parts.take(TAG.octetString).contents
    parts.end()
    if (extensions.has(oid)) throw malformed(`the extension ${oid} appears twice`, 'RFC 5280 §4.2')
    extensions.set(oid, { critical, value })
  }
  return extensions
}

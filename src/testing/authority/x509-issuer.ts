import { randomBytes, webcrypto } from 'node:crypto'
import type { JsonName, Name, X509Certificate } from '@peculiar/x509'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { generateKey, type KeyType, keyTypes, type SigningKey } from './key-type.ts'
import type { X509Library } from './x509-library.ts'

/** From when until when a certificate is valid. */
export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** A root, what stands between it and the leaves, and the key that signs them. */
export interface X509Authority {
  /** What goes into the bundle. */
  readonly root: Uint8Array
  /** What goes along with each leaf, the issuer of the leaf first. */
  readonly intermediates: readonly Uint8Array[]
  readonly signer: Signer
}

type Extension = InstanceType<X509Library['Extension']>

interface Signer {
  readonly name: Name
  readonly key: SigningKey
  readonly notAfter: Date
}

/** What a leaf certificate says. */
export interface LeafFacts extends Validity {
  readonly id: SpiffeID
  readonly dnsNames: readonly string[]
  readonly key: SigningKey
}

/** Issues certificates of the two profiles of X509-SVID §4, as SPIRE fills them in. */
export class X509Issuer {
  readonly #library: X509Library

  constructor(library: X509Library) {
    this.#library = library
  }

  /** Makes a root and so many CAs below it, each signed by the one before. */
  async authority(
    trustDomain: TrustDomain,
    keyType: KeyType,
    intermediates: number,
    validity: Validity,
  ): Promise<X509Authority> {
    let { certificate, signer } = await this.#signingCertificate(trustDomain, keyType, validity, undefined)
    const root = der(certificate)
    const between: Uint8Array[] = []
    for (let count = 0; count < intermediates; count++) {
      ;({ certificate, signer } = await this.#signingCertificate(trustDomain, keyType, validity, signer))
      between.unshift(der(certificate))
    }
    return { root, intermediates: between, signer }
  }

  /** Issues a leaf under the authority; it never outlives its issuer. */
  async leaf(authority: X509Authority, facts: LeafFacts): Promise<Uint8Array> {
    const { BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension } = this.#library
    const { KeyUsageFlags, KeyUsagesExtension } = this.#library
    const { signer } = authority
    const subject: JsonName = [{ C: ['US'] }, { O: ['SPIRE'] }, ...facts.dnsNames.slice(0, 1).map(commonName)]
    const certificate = await this.#certificate({
      subject,
      signer,
      subjectKey: facts.key,
      notBefore: facts.notBefore,
      notAfter: new Date(Math.min(facts.notAfter.getTime(), signer.notAfter.getTime())),
      extensions: [
        // X509-SVID §4.3: critical, digitalSignature set, keyCertSign and cRLSign never.
        new KeyUsagesExtension(
          KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyAgreement,
          true,
        ),
        // X509-SVID §4.4: both or none.
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        // X509-SVID §4.1: a leaf is no CA.
        new BasicConstraintsExtension(false, undefined, true),
      ],
      names: this.#names(facts.id, facts.dnsNames),
    })
    return der(certificate)
  }

  async #signingCertificate(
    trustDomain: TrustDomain,
    keyType: KeyType,
    validity: Validity,
    parent: Signer | undefined,
  ): Promise<{ certificate: X509Certificate; signer: Signer }> {
    const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } = this.#library
    const key = await generateKey(keyType)
    const serialNumber = serial()
    // The serial number in the name keeps each authority's name its own, as SPIRE does.
    const decimal = BigInt(`0x${serialNumber}`).toString()
    const subject: JsonName = [{ C: ['US'] }, { O: ['SPIFFE'] }, { [SERIAL_NUMBER]: [decimal] }]
    const certificate = await this.#certificate({
      serialNumber,
      subject,
      signer: parent ?? { name: new this.#library.Name(subject), key, notAfter: validity.notAfter },
      subjectKey: key,
      ...validity,
      extensions: [
        // X509-SVID §4.3 and §4.1: a CA signs certificates, and says so.
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new BasicConstraintsExtension(true, undefined, true),
      ],
      // X509-SVID §3.2: the ID of a CA has no path.
      names: this.#names(trustDomain.id, []),
    })
    return { certificate, signer: { name: certificate.subjectName, key, notAfter: validity.notAfter } }
  }

  async #certificate(
    template: Validity & {
      readonly serialNumber?: string
      readonly subject: JsonName
      readonly signer: Signer
      readonly subjectKey: SigningKey
      readonly extensions: readonly Extension[]
      readonly names: Extension
    },
  ): Promise<X509Certificate> {
    const { AuthorityKeyIdentifierExtension, SubjectKeyIdentifierExtension, X509CertificateGenerator } =
      this.#library
    const { signer, subjectKey } = template
    return X509CertificateGenerator.create(
      {
        serialNumber: template.serialNumber ?? serial(),
        subject: template.subject,
        issuer: signer.name,
        notBefore: template.notBefore,
        notAfter: template.notAfter,
        publicKey: subjectKey.publicKey,
        signingKey: signer.key.privateKey,
        signingAlgorithm: keyTypes[signer.key.type].certificates,
        extensions: [
          ...template.extensions,
          await SubjectKeyIdentifierExtension.create(subjectKey.publicKey, false, webcrypto),
          // RFC 5280 §4.2.1.1: what signs itself may leave it out, and with SPIRE does.
          ...(signer.key === subjectKey
            ? []
            : [await AuthorityKeyIdentifierExtension.create(signer.key.publicKey, false, webcrypto)]),
          template.names,
        ],
      },
      webcrypto,
    )
  }

  // X509-SVID §2: exactly one URI, the SPIFFE ID.
  #names(id: SpiffeID, dnsNames: readonly string[]): Extension {
    return new this.#library.SubjectAlternativeNameExtension([
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      { type: 'url', value: id.toString() },
    ])
  }
}

const SERIAL_NUMBER = '2.5.4.5'

const commonName = (name: string): Record<string, string[]> => ({ CN: [name] })

// RFC 5280 §4.1.2.2: positive, and at most 20 bytes.
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

function der(certificate: X509Certificate): Uint8Array {
  return new Uint8Array(certificate.rawData)
}

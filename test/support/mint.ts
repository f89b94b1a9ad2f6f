import { constants, createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIPv4 } from 'node:net'
import {
  bitString,
  boolean,
  constructed,
  ia5String,
  integer,
  namedBits,
  nullValue,
  octetString,
  oid,
  primitive,
  sequence,
  set,
  time,
  tlv,
  utf8String,
} from './der-writer.ts'
import type { KeyPair } from './key-pair.ts'
import { type KeyName, keyNamed, spkiOf } from './mint-keys.ts'

export { type KeyName, keyNamed } from './mint-keys.ts'

/** A general name: of a form, or in DER that is taken as it is. */
export type NameInput =
  | { readonly uri: string }
  | { readonly dns: string }
  | { readonly email: string }
  /** An address, or an address range such as `10.0.0.0/8`. */
  | { readonly ip: string | Uint8Array }
  | { readonly directory: string | Uint8Array }
  | { readonly raw: Uint8Array }

export interface ExtensionInput {
  readonly oid: string
  readonly critical?: boolean
  /** What the OCTET STRING wraps. */
  readonly value: Uint8Array
}

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const

export type KeyUsageName = (typeof KEY_USAGES)[number]

const PURPOSES = {
  any: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
} as const

export type PurposeName = keyof typeof PURPOSES

export type SignatureName =
  | 'sha1'
  | 'sha224'
  | 'sha256'
  | 'sha384'
  | 'sha512'
  | 'md5'
  | 'pss-sha256'
  | 'pss-sha384'
  | 'pss-sha512'

/** What to mint. Everything has a default that makes a valid SVID, or a valid CA where `isCA` is set. */
export interface MintOptions {
  /** Parts such as `O=acme, CN=orders`, or a Name in DER; `''` is the empty name. */
  readonly subject?: string | Uint8Array
  /** Who signs; the certificate signs itself where absent. */
  readonly issuer?: Minted
  /** The issuer's name where it is to differ from the subject of `issuer`. */
  readonly issuerName?: string | Uint8Array
  /** Which key is certified; one of its own for each subject and alternative name by default. */
  readonly key?: KeyName | KeyPair
  /** The SubjectPublicKeyInfo in DER, where it is to be another than that of the key. */
  readonly spki?: Uint8Array

  readonly uris?: readonly string[]
  readonly dns?: readonly string[]
  readonly ips?: readonly string[]
  /** More alternative names, after the above. */
  readonly names?: readonly NameInput[]
  readonly sanCritical?: boolean

  readonly isCA?: boolean
  readonly pathLen?: number | undefined
  /** `false` leaves the extension out; options of it otherwise. */
  readonly basicConstraints?:
    | false
    | { readonly cA: boolean; readonly critical?: boolean; readonly pathLen?: number }
  /** `false` leaves the extension out. */
  readonly keyUsage?: false | readonly KeyUsageName[]
  readonly keyUsageCritical?: boolean
  /** `false` leaves the extension out. */
  readonly eku?: false | readonly (PurposeName | `${number}.${string}`)[]
  readonly ekuCritical?: boolean
  readonly nameConstraints?: {
    readonly permitted?: readonly NameInput[]
    readonly excluded?: readonly NameInput[]
    readonly critical?: boolean
  }
  /** The Subject Key Identifier: CAs have one by default. */
  readonly ski?: false | Uint8Array
  /** The Authority Key Identifier: what is issued by another has one by default. */
  readonly aki?: false | Uint8Array

  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly serial?: number | bigint | Uint8Array
  /** 3 by default. */
  readonly version?: 1 | 2 | 3 | Uint8Array

  /** More extensions, after the others: of any kind, a second time too. */
  readonly extensions?: readonly ExtensionInput[]
  /** These extensions and no others; `[]` leaves the whole list out. */
  readonly onlyExtensions?: readonly ExtensionInput[]

  /** How it is signed. */
  readonly signature?: SignatureName
  /** The AlgorithmIdentifier in DER, inside and outside, whatever it is signed with. */
  readonly algorithm?: Uint8Array
  /** The AlgorithmIdentifier in DER outside of the signed part. */
  readonly outerAlgorithm?: Uint8Array
  /** The signature value, whatever would be right. */
  readonly signatureValue?: Uint8Array
  /** Replaces fields of the signed part before it is signed. */
  readonly editTBS?: (fields: TBSFields) => readonly Uint8Array[]
}

/** The fields of the signed part in DER, in their order. */
export interface TBSFields {
  readonly version: Uint8Array
  readonly serial: Uint8Array
  readonly algorithm: Uint8Array
  readonly issuer: Uint8Array
  readonly validity: Uint8Array
  readonly subject: Uint8Array
  readonly spki: Uint8Array
  readonly extensions: Uint8Array
}

/** A certificate with its key. */
export interface Minted {
  readonly der: Uint8Array
  readonly pem: string
  readonly key: KeyObject
  /** The key in PKCS#8. */
  readonly keyDER: Uint8Array
  readonly keyPEM: string
  /** The subject in DER. */
  readonly subject: Uint8Array
  readonly ski: Uint8Array
  /** Made when it is asked for: OpenSSL refuses some of what is minted here. */
  readonly certificate: X509Certificate
}

const HOUR_MS = 3_600_000

/** Mints a certificate, however broken, without waiting: the DER is written here, and `node:crypto` signs it. */
export function mint(options: MintOptions = {}): Minted {
  const isCA = options.isCA ?? false
  const subject = nameDER(options.subject ?? (isCA ? 'O=acme, CN=authority' : 'O=acme, CN=workload'))
  const key = keyOf(options, subject)
  const spki = options.spki ?? spkiOf(key.publicKey)
  const ski = createHash('sha1').update(spki).digest()
  const { issuer } = options
  const signer = issuer?.key ?? key.privateKey
  const algorithm = options.algorithm ?? algorithmDER(signer, options.signature)
  const now = Math.floor(Date.now() / 1000) * 1000
  const fields: TBSFields = {
    version: versionDER(options.version ?? 3),
    serial: integer(options.serial ?? BigInt(`0x00${randomBytes(8).toString('hex')}`) + 1n),
    algorithm,
    issuer: options.issuerName === undefined ? (issuer?.subject ?? subject) : nameDER(options.issuerName),
    validity: sequence(
      time(options.notBefore ?? new Date(now - HOUR_MS)),
      time(options.notAfter ?? new Date(now + 24 * HOUR_MS)),
    ),
    subject,
    spki,
    extensions: extensionsDER(options.onlyExtensions ?? defaultExtensions(options, isCA, ski)),
  }
  const tbs = sequence(...(options.editTBS?.(fields) ?? Object.values(fields)))
  const signature = options.signatureValue ?? signed(tbs, signer, options.signature)
  const der = sequence(tbs, options.outerAlgorithm ?? algorithm, bitString(signature))
  return {
    der,
    pem: pem('CERTIFICATE', der),
    key: key.privateKey,
    subject,
    ski,
    get keyDER() {
      return key.privateKey.export({ format: 'der', type: 'pkcs8' })
    },
    get keyPEM() {
      return key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    },
    get certificate() {
      return new X509Certificate(der)
    },
  }
}

/** A CA, which signs itself unless an issuer is given. */
export function mintCA(options: MintOptions = {}): Minted {
  return mint({ isCA: true, ...options })
}

/** The certificate of a workload. */
export function mintLeaf(id: string, issuer: Minted, options: MintOptions = {}): Minted {
  return mint({ uris: [id], issuer, ...options })
}

function keyOf({ key, issuer, uris }: MintOptions, subject: Uint8Array): KeyPair {
  if (typeof key === 'object') return key
  const owner = `${Buffer.from(subject).toString('hex')} ${uris?.join() ?? ''} ${issuer === undefined}`
  return keyNamed(key ?? `p256/${owner}`)
}

function versionDER(version: 1 | 2 | 3 | Uint8Array): Uint8Array {
  if (version instanceof Uint8Array) return version
  return version === 1 ? Buffer.alloc(0) : constructed(0, integer(version - 1))
}

function defaultExtensions(options: MintOptions, isCA: boolean, ski: Uint8Array): readonly ExtensionInput[] {
  const { issuer, keyUsage, eku, pathLen } = options
  const basicConstraints = options.basicConstraints ?? {
    cA: isCA,
    ...(pathLen === undefined ? {} : { pathLen }),
  }
  const usages = keyUsage ?? (isCA ? ['keyCertSign', 'cRLSign'] : ['digitalSignature'])
  const purposes = eku ?? (isCA ? false : ['serverAuth', 'clientAuth'])
  const names = alternativeNames(options, isCA)
  const subjectKey = options.ski ?? (isCA ? ski : false)
  const authorityKey = options.aki ?? issuer?.ski ?? false
  const { nameConstraints } = options
  return [
    ...(usages === false ? [] : [keyUsageExtension(usages, options.keyUsageCritical)]),
    ...(purposes === false ? [] : [ekuExtension(purposes, options.ekuCritical)]),
    ...(basicConstraints === false ? [] : [basicConstraintsExtension(basicConstraints)]),
    ...(subjectKey === false ? [] : [{ oid: '2.5.29.14', value: octetString(subjectKey) }]),
    ...(authorityKey === false ? [] : [{ oid: '2.5.29.35', value: sequence(primitive(0, authorityKey)) }]),
    ...(names.length === 0 ? [] : [sanExtension(names, options.sanCritical ?? options.subject === '')]),
    ...(nameConstraints === undefined ? [] : [nameConstraintsExtension(nameConstraints)]),
    ...(options.extensions ?? []),
  ]
}

function alternativeNames({ uris, dns, ips, names }: MintOptions, isCA: boolean): readonly NameInput[] {
  const defaultURIs = isCA || dns || ips || names ? [] : ['spiffe://acme.internal/workload']
  return [
    ...(uris ?? defaultURIs).map((uri) => ({ uri })),
    ...(dns ?? []).map((name) => ({ dns: name })),
    ...(ips ?? []).map((ip) => ({ ip })),
    ...(names ?? []),
  ]
}

export function keyUsageExtension(usages: readonly KeyUsageName[], critical = true): ExtensionInput {
  return { oid: '2.5.29.15', critical, value: namedBits(usages.map((usage) => KEY_USAGES.indexOf(usage))) }
}

export function ekuExtension(purposes: readonly string[], critical = false): ExtensionInput {
  const dotted = purposes.map((purpose) => PURPOSES[purpose as PurposeName] ?? purpose)
  return { oid: '2.5.29.37', critical, value: sequence(...dotted.map(oid)) }
}

export function basicConstraintsExtension(constraints: {
  readonly cA: boolean
  readonly critical?: boolean
  readonly pathLen?: number
}): ExtensionInput {
  const { cA, critical = true, pathLen } = constraints
  const parts = [...(cA ? [boolean(true)] : []), ...(pathLen === undefined ? [] : [integer(pathLen)])]
  return { oid: '2.5.29.19', critical, value: sequence(...parts) }
}

export function sanExtension(names: readonly NameInput[], critical = false): ExtensionInput {
  return { oid: '2.5.29.17', critical, value: sequence(...names.map(generalNameDER)) }
}

export function nameConstraintsExtension(
  constraints: NonNullable<MintOptions['nameConstraints']>,
): ExtensionInput {
  const { permitted, excluded, critical = true } = constraints
  const subtrees = (names: readonly NameInput[]): readonly Uint8Array[] =>
    names.map((name) => sequence(generalNameDER(name)))
  return {
    oid: '2.5.29.30',
    critical,
    value: sequence(
      ...(permitted === undefined ? [] : [constructed(0, ...subtrees(permitted))]),
      ...(excluded === undefined ? [] : [constructed(1, ...subtrees(excluded))]),
    ),
  }
}

function extensionsDER(extensions: readonly ExtensionInput[]): Uint8Array {
  if (extensions.length === 0) return Buffer.alloc(0)
  const list = extensions.map(({ oid: id, critical, value }) =>
    sequence(oid(id), ...(critical === true ? [boolean(true)] : []), octetString(value)),
  )
  return constructed(3, sequence(...list))
}

/** A GeneralName in DER. */
export function generalNameDER(name: NameInput): Uint8Array {
  if ('uri' in name) return primitive(6, Buffer.from(name.uri, 'latin1'))
  if ('dns' in name) return primitive(2, Buffer.from(name.dns, 'latin1'))
  if ('email' in name) return primitive(1, Buffer.from(name.email, 'latin1'))
  if ('ip' in name) return primitive(7, typeof name.ip === 'string' ? addressOctets(name.ip) : name.ip)
  if ('directory' in name) return constructed(4, nameDER(name.directory))
  return name.raw
}

function addressOctets(text: string): Uint8Array {
  const [address = '', prefix] = text.split('/')
  const octets = isIPv4(address) ? address.split('.').map(Number) : ipv6Octets(address)
  if (prefix === undefined) return Buffer.from(octets)
  const mask = octets.map((_, i) => (0xff00 >> Math.min(8, Math.max(0, Number(prefix) - i * 8))) & 0xff)
  return Buffer.from([...octets, ...mask])
}

function ipv6Octets(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail ?? '')]
  return all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff])
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  C: '2.5.4.6',
  emailAddress: '1.2.840.113549.1.9.1',
}

/** A Name in DER, out of text such as `O=acme, CN=orders`. */
export function nameDER(name: string | Uint8Array): Uint8Array {
  if (name instanceof Uint8Array) return name
  const parts = name === '' ? [] : name.split(/,\s*/)
  return sequence(
    ...parts.map((part) => {
      const [type = '', value = ''] = part.split('=')
      return set(
        attributeDER(
          ATTRIBUTES[type] ?? type,
          type === 'emailAddress' ? ia5String(value) : utf8String(value),
        ),
      )
    }),
  )
}

/** An attribute of a name in DER. */
export function attributeDER(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), value)
}

const RSA_ALGORITHMS: Readonly<Record<string, string>> = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha224: '1.2.840.113549.1.1.14',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
}

const ECDSA_ALGORITHMS: Readonly<Record<string, string>> = {
  sha1: '1.2.840.10045.4.1',
  sha224: '1.2.840.10045.4.3.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
}

const HASHES: Readonly<Record<string, { oid: string; length: number }>> = {
  sha256: { oid: '2.16.840.1.101.3.4.2.1', length: 32 },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', length: 48 },
  sha512: { oid: '2.16.840.1.101.3.4.2.3', length: 64 },
}

/** The AlgorithmIdentifier of the signatures of a key. */
export function algorithmDER(key: KeyObject, signature: SignatureName = 'sha256'): Uint8Array {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return signature.startsWith('pss-')
        ? pssAlgorithmDER(signature.slice(4))
        : sequence(oid(RSA_ALGORITHMS[signature] ?? ''), nullValue())
    case 'rsa-pss':
      return pssAlgorithmDER(signature.replace('pss-', ''))
    case 'ec':
      return sequence(oid(ECDSA_ALGORITHMS[signature] ?? ''))
    case 'ed448':
      return sequence(oid('1.3.101.113'))
    default:
      return sequence(oid('1.3.101.112'))
  }
}

/** The AlgorithmIdentifier of RSASSA-PSS; the salt is as long as the hash unless told otherwise. */
export function pssAlgorithmDER(hash: string, saltLength?: number): Uint8Array {
  const known = HASHES[hash]
  if (known === undefined) throw new Error(`unknown hash ${hash}`)
  const hashDER = sequence(oid(known.oid), nullValue())
  return sequence(
    oid('1.2.840.113549.1.1.10'),
    sequence(
      constructed(0, hashDER),
      constructed(1, sequence(oid('1.2.840.113549.1.1.8'), hashDER)),
      constructed(2, integer(saltLength ?? known.length)),
    ),
  )
}

function signed(tbs: Uint8Array, key: KeyObject, signature: SignatureName = 'sha256'): Uint8Array {
  if (key.asymmetricKeyType === 'ed25519' || key.asymmetricKeyType === 'ed448') return sign(null, tbs, key)
  const hash = signature.replace('pss-', '')
  const isPSS = signature.startsWith('pss-') || key.asymmetricKeyType === 'rsa-pss'
  if (!isPSS) return sign(hash, tbs, key)
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
  return sign(hash, tbs, { key, padding, saltLength })
}

/** A PEM block. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** Certificates in DER, one after the other. */
export function concatenated(...certificates: readonly Minted[]): Uint8Array {
  return Buffer.concat(certificates.map(({ der }) => der))
}

/** A GeneralName of a form that is not read: an otherName. */
export function otherNameDER(type: string, text: string): Uint8Array {
  return constructed(0, oid(type), constructed(0, tlv(0x0c, Buffer.from(text))))
}

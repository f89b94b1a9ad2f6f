import { expect, test } from 'vitest'
import { SpiffeError } from '../../src/errors.ts'
import { decodeBase64, decodeBase64url } from '../../src/internal/base64url.ts'
import { readDER, splitDER } from '../../src/internal/der.ts'
import { Components, elementsOfSet, readOID } from '../../src/internal/der-values.ts'
import { parseJSONObject } from '../../src/internal/json.ts'
import { decodePEM } from '../../src/internal/pem.ts'
import { Certificate } from '../../src/internal/x509/certificate.ts'
import { readCertificatesPEM } from '../../src/internal/x509/certificate-pem.ts'
import {
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCertificatePolicies,
  readExtendedKeyUsage,
  readInhibitAnyPolicy,
  readKeyUsage,
  readPolicyConstraints,
  readPolicyMappings,
  readSubjectAltName,
  readSubjectKeyIdentifier,
} from '../../src/internal/x509/extensions.ts'
import { readNameConstraints } from '../../src/internal/x509/name-constraints.ts'
import { readPublicKeyInfo } from '../../src/internal/x509/public-key-info.ts'
import { readTime } from '../../src/internal/x509/time.ts'
import {
  bitString,
  boolean,
  constructed,
  ia5String,
  integer,
  nullValue,
  octetString,
  oid,
  primitive,
  sequence,
  set,
  tlv,
  utf8String,
} from '../support/der-writer.ts'
import { detailOf } from '../support/detail-of.ts'
import { type MintOptions, mint, pem } from '../support/mint.ts'

/** What an error says, and by which rule. */
async function told(refused: () => unknown): Promise<readonly [detail: string, rule: string | undefined]> {
  const detail = await detailOf(refused)
  try {
    refused()
  } catch (error) {
    if (error instanceof SpiffeError) return [detail, error.rule]
  }
  return [detail, undefined]
}

type Row = readonly [detail: string, rule: string, refused: () => unknown]

const DER = 'X.690 §10'
const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const der = (hex: string) => () => readDER(bytes(hex))

test.each<Row>([
  ['bytes follow the end', DER, der('05 00 00')],
  ['the bytes end within an element', DER, der('30')],
  ['a length reaches past the end of what it is in', DER, der('04 02 00')],
  ['a length is indefinite', 'X.690 §10.1', der('30 80 00 00')],
  ['a length is not minimal', 'X.690 §10.1', der('04 81 01 00')],
  ['a tag number is above 30', 'X.690 §8.1.2', der('1f 1f 00')],
  ['there are end-of-contents octets', 'X.690 §10.1', der('00 00')],
  [
    'a universal type is constructed and must not be, or the other way round',
    'X.690 §10.2',
    der('24 02 04 00'),
  ],
  ['a NULL has contents', 'X.690 §8.8.2', der('05 01 00')],
  [
    'elements are nested deeper than 24',
    DER,
    () => readDER(Array.from({ length: 40 }).reduce<Uint8Array>((inner) => sequence(inner), nullValue())),
  ],
  ['there are more than 1 elements', DER, () => splitDER(bytes('05 00 05 00'), 1)],
  [
    'there are more than 20000 elements',
    DER,
    () => readDER(sequence(...Array.from({ length: 20_000 }, () => nullValue()))),
  ],
])('DER: %s', async (detail, rule, refused) => {
  expect(await told(refused)).toEqual([detail, rule])
})

const parts = (element: Uint8Array): Components => new Components(readDER(element), 'a thing')

test.each<Row>([
  ['a thing has another type', DER, () => parts(nullValue())],
  ['a thing lacks a component or has it in another place', DER, () => parts(sequence()).take(0x05)],
  ['a thing lacks a component', DER, () => parts(sequence()).takeAny()],
  ['a thing has a component too many', DER, () => parts(sequence(nullValue())).end()],
  [
    'a thing has an empty or overfull explicit tag',
    DER,
    () => parts(sequence(constructed(0))).optionalExplicit(0),
  ],
  ['a thing has a default value in it', 'X.690 §11.5', () => parts(sequence(boolean(false))).defaultFalse()],
  ['a BOOLEAN is not DER', 'X.690 §11.1', () => parts(sequence(tlv(1, bytes('01')))).defaultFalse()],
  ['a thing has another type', DER, () => elementsOfSet(readDER(sequence()), 'a thing')],
  ['a thing is empty', DER, () => elementsOfSet(readDER(set()), 'a thing')],
  [
    'a thing is out of order',
    'X.690 §11.6',
    () => elementsOfSet(readDER(tlv(0x31, nullValue(), integer(1))), 'a thing'),
  ],
  ['an OBJECT IDENTIFIER is too long', 'this library', () => readOID(readDER(tlv(6, Buffer.alloc(129, 1))))],
  ['an OBJECT IDENTIFIER is not minimal', 'X.690 §8.19.2', () => readOID(readDER(bytes('06 02 80 01')))],
  ['an OBJECT IDENTIFIER is empty or cut off', DER, () => readOID(readDER(bytes('06 01 81')))],
  ['an OBJECT IDENTIFIER is empty or cut off', DER, () => readOID(readDER(bytes('06 03 2a 81 80')))],
])('a structure: %s', async (detail, rule, refused) => {
  expect(await told(refused)).toEqual([detail, rule])
})

test('a structure: the same element twice is in order', () => {
  expect(elementsOfSet(readDER(set(nullValue(), nullValue())), 'a thing')).toHaveLength(2)
})

const time = (tag: number, text: string) => () => readTime(readDER(tlv(tag, Buffer.from(text, 'latin1'))))

test.each<Row>([
  ['a time has another type', DER, time(0x0c, '260101000000Z')],
  ['a time is not in the form of RFC 5280', 'RFC 5280 §4.1.2.5', time(0x17, '2601010000Z')],
  ['a date is not in the calendar', DER, time(0x17, '260230000000Z')],
  ['a time is not on the clock', DER, time(0x17, '260101240000Z')],
  ['an IA5String has characters beyond ASCII', DER, time(0x17, '26010100000\xe9Z')],
])('a time: %s', async (detail, rule, refused) => {
  expect(await told(refused)).toEqual([detail, rule])
})

const some = oid('1.2.3')
const ecKey = (...parameters: Uint8Array[]): Uint8Array =>
  sequence(sequence(oid('1.2.840.10045.2.1'), ...parameters), bitString(Buffer.of(4)))
const rsaKey = (...numbers: Uint8Array[]): Uint8Array =>
  sequence(sequence(oid('1.2.840.113549.1.1.1'), nullValue()), bitString(sequence(...numbers)))

test.each<Row>([
  ['a public key has another type', DER, () => readPublicKeyInfo(nullValue())],
  [
    'an algorithm identifier lacks a component or has it in another place',
    DER,
    () => readPublicKeyInfo(sequence(sequence(), bitString(Buffer.of(4)))),
  ],
  [
    'a BIT STRING does not hold whole octets',
    DER,
    () => readPublicKeyInfo(sequence(sequence(some), bitString(Buffer.of(8), 3))),
  ],
  [
    'an RSA key lacks its NULL',
    'RFC 3279 §2.3.1',
    () => readPublicKeyInfo(sequence(sequence(oid('1.2.840.113549.1.1.1')), bitString(sequence()))),
  ],
  ['an RSA public key lacks a component or has it in another place', DER, () => readPublicKeyInfo(rsaKey())],
  ['an INTEGER is negative', DER, () => readPublicKeyInfo(rsaKey(integer(-1n), integer(3)))],
  [
    'an INTEGER is empty or not minimal',
    'X.690 §8.3.2',
    () => readPublicKeyInfo(rsaKey(tlv(2, bytes('0001')), integer(3))),
  ],
  ['an EC key has no named curve', 'RFC 5480 §2.1.1', () => readPublicKeyInfo(ecKey())],
  [
    'an Ed25519 key has parameters',
    'RFC 8410 §3',
    () => readPublicKeyInfo(sequence(sequence(oid('1.3.101.112'), nullValue()), bitString(Buffer.alloc(32)))),
  ],
])('a key: %s', async (detail, rule, refused) => {
  expect(await told(refused)).toEqual([detail, rule])
})

const policy =
  (...qualifiers: Uint8Array[]) =>
  () =>
    readCertificatePolicies(sequence(sequence(some, sequence(...qualifiers))))
const userNotice = oid('1.3.6.1.5.5.7.2.2')
const constraints = (base: Uint8Array) => () => readNameConstraints(sequence(constructed(0, sequence(base))))

test.each<Row>([
  ['the Key Usage has another type', DER, () => readKeyUsage(nullValue())],
  ['a BIT STRING has a wrong length', DER, () => readKeyUsage(bytes('03 00'))],
  ['unused bits are set', 'X.690 §11.2.1', () => readKeyUsage(bytes('03 02 07 81'))],
  ['named bits end with a zero bit', 'X.690 §11.2.2', () => readKeyUsage(bytes('03 02 00 80'))],
  ['the Basic Constraints has another type', DER, () => readBasicConstraints(nullValue())],
  ['the Extended Key Usage has another type', DER, () => readExtendedKeyUsage(nullValue())],
  ['the Extended Key Usage is empty', DER, () => readExtendedKeyUsage(sequence())],
  ['a key purpose has another type', DER, () => readExtendedKeyUsage(sequence(nullValue()))],
  ['a list of names is empty', DER, () => readSubjectAltName(sequence())],
  ['a name has no form of RFC 5280', DER, () => readSubjectAltName(sequence(primitive(9, bytes(''))))],
  [
    'an IP address has neither 4 nor 16 octets',
    'RFC 5280 §4.2.1.6',
    () => readSubjectAltName(sequence(primitive(7, bytes('0a')))),
  ],
  ['a directory name lacks a component', DER, () => readSubjectAltName(sequence(constructed(4)))],
  ['a name has another type', DER, () => readSubjectAltName(sequence(constructed(4, set())))],
  [
    'a relative distinguished name is empty',
    DER,
    () => readSubjectAltName(sequence(constructed(4, sequence(set())))),
  ],
  [
    'an attribute of a name lacks a component',
    DER,
    () => readSubjectAltName(sequence(constructed(4, sequence(set(sequence(some)))))),
  ],
  ['the Subject Key Identifier has another type', DER, () => readSubjectKeyIdentifier(nullValue())],
  ['the Authority Key Identifier has another type', DER, () => readAuthorityKeyIdentifier(nullValue())],
  ['the Certificate Policies is empty', DER, () => readCertificatePolicies(sequence())],
  ['a policy has another type', DER, () => readCertificatePolicies(sequence(some))],
  [
    'a policy appears twice',
    'RFC 5280 §4.2.1.4',
    () => readCertificatePolicies(sequence(sequence(some), sequence(some))),
  ],
  ['the qualifiers of a policy is empty', DER, policy()],
  ['a policy qualifier lacks a component', DER, policy(sequence(some))],
  [
    'a user notice has a component too many',
    DER,
    policy(sequence(userNotice, sequence(nullValue(), nullValue()))),
  ],
  ['the Policy Mappings is empty', DER, () => readPolicyMappings(sequence())],
  [
    'a policy mapping lacks a component or has it in another place',
    DER,
    () => readPolicyMappings(sequence(sequence(some))),
  ],
  ['the Policy Constraints has another type', DER, () => readPolicyConstraints(nullValue())],
  ['the Policy Constraints are empty', 'RFC 5280 §4.2.1.11', () => readPolicyConstraints(sequence())],
  ['the Inhibit anyPolicy has another type', DER, () => readInhibitAnyPolicy(nullValue())],
  ['the Name Constraints has another type', DER, () => readNameConstraints(nullValue())],
  ['the Name Constraints are empty', 'RFC 5280 §4.2.1.10', () => readNameConstraints(sequence())],
  ['a list of subtrees is empty', DER, () => readNameConstraints(sequence(constructed(0)))],
  [
    'a subtree of names has a component too many',
    DER,
    () => readNameConstraints(sequence(constructed(0, sequence(primitive(2, bytes('')), nullValue())))),
  ],
  [
    'a URI constraint is no host or domain',
    'RFC 5280 §4.2.1.10',
    constraints(primitive(6, Buffer.from('a b'))),
  ],
  ['a DNS constraint is no domain', 'RFC 5280 §4.2.1.10', constraints(primitive(2, Buffer.from('a b')))],
  ['an address range has a wrong length', 'RFC 5280 §4.2.1.10', constraints(primitive(7, bytes('0a000000')))],
  [
    'the mask of an address range has holes',
    'RFC 5280 §4.2.1.10',
    constraints(primitive(7, bytes('0a000000 ff00ff00'))),
  ],
  [
    'the mask of an address range has holes',
    'RFC 5280 §4.2.1.10',
    constraints(primitive(7, bytes('0a000000 ff7f0000'))),
  ],
])('an extension: %s', async (detail, rule, refused) => {
  expect(await told(refused)).toEqual([detail, rule])
})

const certificate = (options: MintOptions) => () => Certificate.parse(mint(options).der)

test.each<Row>([
  ['a certificate has another type', DER, () => Certificate.parse(nullValue())],
  ['a certificate has a component too many', DER, () => Certificate.parse(withMore(mint().der))],
  [
    'the signed part of a certificate lacks a component or has it in another place',
    DER,
    certificate({ editTBS: ({ version }) => [version] }),
  ],
  [
    'the version is neither 2 nor 3',
    'RFC 5280 §4.1.2.1',
    certificate({ version: constructed(0, integer(7)) }),
  ],
  [
    'the signature algorithm differs within the certificate',
    'RFC 5280 §4.1.1.2',
    certificate({ outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }),
  ],
  [
    'the validity lacks a component',
    DER,
    certificate({ editTBS: (fields) => Object.values({ ...fields, validity: sequence() }) }),
  ],
  ['only a certificate of version 3 has extensions', 'RFC 5280 §4.1.2.9', certificate({ version: 2 })],
  [
    'a certificate of version 1 has unique identifiers',
    'RFC 5280 §4.1.2.8',
    certificate({
      version: 1,
      editTBS: ({ extensions: _, ...fields }) => [...Object.values(fields), primitive(1, bytes('00 01'))],
    }),
  ],
  [
    'the list of extensions is empty',
    DER,
    certificate({
      editTBS: (fields) => Object.values({ ...fields, extensions: constructed(3, sequence()) }),
    }),
  ],
  [
    'an extension lacks a component or has it in another place',
    DER,
    certificate({
      editTBS: (fields) =>
        Object.values({ ...fields, extensions: constructed(3, sequence(sequence(some, utf8String('')))) }),
    }),
  ],
  [
    'the extension 1.2.3 appears twice',
    'RFC 5280 §4.2',
    certificate({
      extensions: [
        { oid: '1.2.3', value: octetString(bytes('')) },
        { oid: '1.2.3', value: ia5String('') },
      ],
    }),
  ],
])('a certificate: %s', async (detail, rule, refused) => {
  expect(await told(refused)).toEqual([detail, rule])
})

function withMore(of: Uint8Array): Uint8Array {
  return sequence(readDER(of).contents, nullValue())
}

const PEM = 'RFC 7468 §2'

test.each<Row>([
  ['a BEGIN line cannot be read', PEM, () => decodePEM(' -----BEGIN A-----\n')],
  ['an END line ends no block', PEM, () => decodePEM('-----END A-----\n')],
  ['the block "A" does not end', PEM, () => decodePEM('-----BEGIN A-----\n')],
  [
    'the block "A" does not end with its label',
    PEM,
    () => decodePEM('-----BEGIN A-----\nMAA=\n-----END B-----'),
  ],
  ['the block "A" has headers', PEM, () => decodePEM('-----BEGIN A-----\nDEK-Info: x\n-----END A-----')],
  ['the block "A" is not base64', PEM, () => decodePEM('-----BEGIN A-----\nM\n-----END A-----')],
  [
    'a TRUSTED CERTIFICATE is no CERTIFICATE',
    'RFC 7468 §5.1',
    () => readCertificatesPEM(pem('TRUSTED CERTIFICATE', sequence())),
  ],
  ['text is not canonical base64url', 'RFC 7515 §2', () => decodeBase64url('AQAB=')],
  ['text is not canonical base64', 'RFC 7517 §4.7', () => decodeBase64('AQA')],
])('a text: %s', async (detail, rule, refused) => {
  expect(await told(refused)).toEqual([detail, rule])
})

const json =
  (text: string | Uint8Array, limits: object = {}) =>
  () =>
    parseJSONObject(text, { maxBytes: 100, maxDepth: 2, ...limits })

test.each<readonly [string, () => unknown]>([
  ['JSON text was refused: it is larger than 100 bytes', json(' '.repeat(101))],
  ['JSON text was refused: it is not UTF-8', json(bytes('7b ff 7d'))],
  ['JSON text was refused: it breaks the grammar', json('{')],
  ['JSON text was refused: it breaks the grammar', json('}')],
  ['JSON text was refused: it breaks the grammar', json('{},{}')],
  ['JSON text was refused: it is not an object', json('[]')],
  ['JSON text was refused: it nests deeper than 2 levels', json('{"a":[[]]}')],
  ['JSON text was refused: it has more than 3 values', json('{"a":1,"b":2,"c":3}', { maxValues: 3 })],
  ['JSON text was refused: it has more than 3 values', json('{"a":[{}]}', { maxDepth: 9, maxValues: 3 })],
  [
    'JSON text was refused: an object or array has more than 2 values',
    json('{"a":1,"b":2,"c":3}', { maxChildren: 2 }),
  ],
])('%s', async (detail, refused) => {
  expect(await detailOf(refused)).toBe(detail)
})

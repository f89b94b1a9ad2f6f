import { bytesKey } from '../bytes.ts'
import { type DERElement, malformed, readDER, TAG } from '../der.ts'
import { assertOID, Components, elementsOf, readOID } from '../der-values.ts'

/** The Name of a subject or an issuer of a certificate (RFC 5280 §4.1.2.4). */
export class DistinguishedName {
  /** The Name in DER. */
  readonly raw: Uint8Array
  /** Equal for names that are encoded alike, as issuer and subject along a path are (RFC 5280 §4.1.2.6). */
  readonly key: string
  #relativeNames: readonly RelativeName[] | undefined

  private constructor(raw: Uint8Array) {
    this.raw = raw
    this.key = bytesKey(raw)
  }

  static read(element: DERElement): DistinguishedName {
    if (element.tag !== TAG.sequence) throw malformed('a name has another type')
    for (const set of element.children) {
      for (const attribute of elementsOf(set, 'a relative distinguished name', TAG.set)) {
        const parts = new Components(attribute, 'an attribute of a name')
        assertOID(parts.take(TAG.objectIdentifier))
        parts.takeAny()
        parts.end()
      }
    }
    return new DistinguishedName(element.raw)
  }

  get isEmpty(): boolean {
    return this.raw.length === 2
  }

  /** Whether this name is the other or stands below it in the tree of names (RFC 5280 §7.1). */
  isWithin(subtree: DistinguishedName): boolean {
    return subtree.#names.every((relative, i) => this.#names[i]?.key === relative.key)
  }

  /** Whether an attribute of this type is in it. */
  has(attributeType: string): boolean {
    return this.#names.some(({ types }) => types.includes(attributeType))
  }

  get #names(): readonly RelativeName[] {
    this.#relativeNames ??= readDER(this.raw).children.map(readRelativeName)
    return this.#relativeNames
  }
}

interface RelativeName {
  readonly types: readonly string[]
  /** Equal for relative names that match. */
  readonly key: string
}

function readRelativeName(set: DERElement): RelativeName {
  const attributes = set.children.map((attribute) => {
    const parts = new Components(attribute, 'an attribute of a name')
    return { type: readOID(parts.take(TAG.objectIdentifier)), value: comparable(parts.takeAny()) }
  })
  return {
    types: attributes.map(({ type }) => type),
    key: JSON.stringify(attributes.map(({ type, value }) => [type, value]).sort()),
  }
}

// What is mapped to nothing (RFC 4518 §2.2).
const IGNORED = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\ufffc]/gu

/**
 * A value in a form that is equal for values that match by caseIgnoreMatch (RFC 5280 §7.1, RFC 4518):
 * whatever the string type, without regard to case, and with runs of spaces as one.
 */
function comparable(value: DERElement): string {
  const text = decodeString(value)
  if (text === undefined) return `${value.tag}#${Buffer.from(value.contents).toString('hex')}`
  const spaced = text.replace(/[\s\u0085]+/gu, ' ').replace(IGNORED, '')
  const folded = spaced.normalize('NFKC').toLowerCase().normalize('NFKC')
  return `text:${folded.replace(/ +/g, ' ').trim()}`
}

/** The text of a string type; nothing where the value is of another type, or not in its encoding. */
function decodeString({ tag, contents }: DERElement): string | undefined {
  switch (tag) {
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.teletexString:
      return bytesKey(contents)
    case TAG.utf8String:
      return decode('utf-8', contents)
    case TAG.bmpString:
      return decode('utf-16be', contents)
    case TAG.universalString:
      return decodeUniversal(contents)
    default:
      return undefined
  }
}

function decode(encoding: string, contents: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(contents)
  } catch {
    return undefined
  }
}

function decodeUniversal(contents: Uint8Array): string | undefined {
  const view = new DataView(contents.buffer, contents.byteOffset, contents.byteLength)
  let text = ''
  for (let i = 0; i < contents.length; i += 4) {
    const point = i + 4 <= contents.length ? view.getUint32(i) : Number.NaN
    if (!(point <= 0x10ffff)) return undefined
    text += String.fromCodePoint(point)
  }
  return text
}

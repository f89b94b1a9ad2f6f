import { bytesKey } from '../bytes.ts'
import { type DERElement, malformed, readDER, TAG } from '../der.ts'
import { assertOID, Components, elementsOfSet, readOID } from '../der-values.ts'

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
      for (const attribute of elementsOfSet(set, 'a relative distinguished name')) {
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

  /**
   * Whether this name is the other or stands below it in the tree of names (RFC 5280 §7.1); `undefined` where
   * that hangs on values that cannot be compared.
   */
  isWithin(subtree: DistinguishedName): boolean | undefined {
    let isWithin: boolean | undefined = true
    for (const [i, base] of subtree.#names.entries()) {
      const isMatch = matches(this.#names[i], base)
      if (isMatch === false) return false
      if (isMatch === undefined) isWithin = undefined
    }
    return isWithin
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
  /** Whether all values are text, so that those that do not match are known to differ. */
  readonly isText: boolean
}

function matches(name: RelativeName | undefined, base: RelativeName): boolean | undefined {
  if (name?.key === base.key) return true
  if (name === undefined || (name.isText && base.isText)) return false
  return name.types.join() === base.types.join() ? undefined : false
}

function readRelativeName(set: DERElement): RelativeName {
  const attributes = set.children.map((attribute) => {
    const parts = new Components(attribute, 'an attribute of a name')
    const type = readOID(parts.take(TAG.objectIdentifier))
    const value = parts.takeAny()
    const text = decodeString(value)
    const isText = text !== undefined
    return { type, isText, value: isText ? comparable(text) : Buffer.from(value.raw).toString('hex') }
  })
  return {
    types: attributes.map(({ type }) => type).sort(),
    key: JSON.stringify(attributes.map(({ type, isText, value }) => [type, isText, value]).sort()),
    isText: attributes.every(({ isText }) => isText),
  }
}

// What is mapped to nothing (RFC 4518 §2.2).
const IGNORED = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\ufffc]/gu

/**
 * A text in a form that is equal for texts that match by caseIgnoreMatch (RFC 5280 §7.1, RFC 4518): without
 * regard to case, and with runs of spaces as one.
 */
function comparable(text: string): string {
  const spaced = text.replace(/[\s\u0085]+/gu, ' ').replace(IGNORED, '')
  const folded = spaced.normalize('NFKC').toLowerCase().normalize('NFKC')
  return folded.replace(/ +/g, ' ').trim()
}

/** The text of a string type; nothing where the value is of another type, or not in its encoding. */
function decodeString({ tag, contents }: DERElement): string | undefined {
  switch (tag) {
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.numericString:
    case TAG.visibleString:
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

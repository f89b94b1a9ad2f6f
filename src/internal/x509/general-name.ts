import { contextConstructed, contextPrimitive, type DERElement, type IsClosed, malformed } from '../der.ts'
import { Components, elementsOf, readASCII } from '../der-values.ts'
import { DistinguishedName } from './distinguished-name.ts'

/** A form of name that is read. */
export type GeneralName =
  | { readonly form: 'uri' | 'dns' | 'email'; readonly value: string }
  | { readonly form: 'ip'; readonly value: Uint8Array }
  | { readonly form: 'directory'; readonly value: DistinguishedName }
  | { readonly form: UnreadForm }

/** Forms of which only the presence is known. */
export type UnreadForm = 'other' | 'x400' | 'ediParty' | 'registeredID'

/** Every form of a GeneralName (RFC 5280 §4.2.1.6). */
export type NameForm = GeneralName['form']

// Their contents are of types that X.509 does not know, and nobody asks for them.
const CLOSED: ReadonlySet<number> = new Set([0, 3, 5].map(contextConstructed))

/** For {@link readDER}: names that stand this deep are not looked into where their form is not read. */
export function closedNamesAt(namesDepth: number): IsClosed {
  return (tag, depth) => depth === namesDepth && CLOSED.has(tag)
}

const FORMS: ReadonlyMap<number, UnreadForm> = new Map([
  [contextConstructed(0), 'other'],
  [contextConstructed(3), 'x400'],
  [contextConstructed(5), 'ediParty'],
  [contextPrimitive(8), 'registeredID'],
])

/** Reads one GeneralName (RFC 5280 §4.2.1.6), out of its bytes and never out of text made of them. */
export function readGeneralName(element: DERElement): GeneralName {
  switch (element.tag) {
    case contextPrimitive(1):
      return { form: 'email', value: readASCII(element) }
    case contextPrimitive(2):
      return { form: 'dns', value: readASCII(element) }
    case contextConstructed(4):
      return { form: 'directory', value: readDirectoryName(element) }
    case contextPrimitive(6):
      return { form: 'uri', value: readASCII(element) }
    case contextPrimitive(7):
      return { form: 'ip', value: element.contents }
    default: {
      const form = FORMS.get(element.tag)
      if (form === undefined) throw malformed('a name has no form of RFC 5280')
      return { form }
    }
  }
}

/** GeneralNames: one or more. */
export function readGeneralNames(list: DERElement, tag?: number): readonly GeneralName[] {
  return elementsOf(list, 'a list of names', tag).map(readGeneralName)
}

function readDirectoryName(element: DERElement): DistinguishedName {
  const parts = new Components(element, 'a directory name', element.tag)
  const name = DistinguishedName.read(parts.takeAny())
  parts.end()
  return name
}

import { isIP } from 'node:net'
import { contextConstructed, type DERElement, malformed, readDER } from '../der.ts'
import { Components, elementsOf } from '../der-values.ts'
import { groupBy } from '../group-by.ts'
import { closedNamesAt, type GeneralName, type NameForm, readGeneralName } from './general-name.ts'

/** Within which names an authority may issue (RFC 5280 §4.2.1.10). */
export interface NameConstraints {
  /** For each form in it: names of this form must be within one of these. */
  readonly permitted: Subtrees
  /** Names must be within none of these. */
  readonly excluded: Subtrees
}

/** Subtrees by the form of the names that they hold. */
export type Subtrees = ReadonlyMap<NameForm, readonly GeneralName[]>

/** NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL } */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  const parts = new Components(readDER(value, closedNamesAt(3)), 'the Name Constraints')
  const permitted = parts.optional(contextConstructed(0))
  const excluded = parts.optional(contextConstructed(1))
  parts.end()
  if (permitted === undefined && excluded === undefined)
    throw malformed('the Name Constraints are empty', CLAUSE)
  return { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) }
}

const CLAUSE = 'RFC 5280 §4.2.1.10'

function readSubtrees(list: DERElement | undefined): Subtrees {
  const elements = list === undefined ? [] : elementsOf(list, 'a list of subtrees', list.tag)
  return groupBy(elements.map(readSubtree), ({ form }) => form)
}

/** GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL } */
function readSubtree(element: DERElement): GeneralName {
  const parts = new Components(element, 'a subtree of names')
  const base = readGeneralName(parts.takeAny())
  // The profile has no use for minimum and maximum: minimum is 0, which DER leaves out.
  parts.end()
  if (base.form === 'ip') assertAddressRange(base.value)
  if (base.form === 'uri' && !isHost(base.value))
    throw malformed('a URI constraint is no host or domain', CLAUSE)
  if (base.form === 'dns' && !isDomain(base.value)) throw malformed('a DNS constraint is no domain', CLAUSE)
  return base
}

/** A host, or a domain where it begins with a period. Trust domains can hold what host names cannot. */
function isHost(value: string): boolean {
  return /^\.?[a-z0-9_-][a-z0-9._-]*$/i.test(value) && isIP(value) === 0
}

/** A domain. The empty one is above all others; a period in front asks for at least one label more. */
function isDomain(value: string): boolean {
  return value === '' || /^\.?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(value)
}

/** An address and a mask, which must be a prefix as of RFC 4632. */
function assertAddressRange(range: Uint8Array): void {
  if (range.length !== 8 && range.length !== 32)
    throw malformed('an address range has a wrong length', CLAUSE)
  const mask = Array.from(range.subarray(range.length / 2), (octet) =>
    octet.toString(2).padStart(8, '0'),
  ).join('')
  if (mask.includes('01')) throw malformed('the mask of an address range has holes', CLAUSE)
}

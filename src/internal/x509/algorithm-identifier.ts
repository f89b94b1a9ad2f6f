import { type DERElement, TAG } from '../der.ts'
import { Components, readOID } from '../der-values.ts'

/** Which algorithm a key or a signature belongs to (RFC 5280 §4.1.1.2). */
export interface AlgorithmIdentifier {
  readonly algorithm: string
  readonly parameters: DERElement | undefined
  /** The AlgorithmIdentifier in DER. */
  readonly raw: Uint8Array
}

/** AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } */
export function readAlgorithmIdentifier(element: DERElement): AlgorithmIdentifier {
  const parts = new Components(element, 'an algorithm identifier')
  const algorithm = readOID(parts.take(TAG.objectIdentifier))
  const parameters = parts.optionalAny()
  parts.end()
  return { algorithm, parameters, raw: element.raw }
}

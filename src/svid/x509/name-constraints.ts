import type { Certificate } from '../../internal/x509/certificate.ts'
import type { GeneralName, NameForm } from '../../internal/x509/general-name.ts'
import type { NameConstraints } from '../../internal/x509/name-constraints.ts'
import { EMAIL_ADDRESS, EXTENSION } from '../../internal/x509/oid.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { SVIDError } from '../error.ts'
import { MOST_NAME_COMPARISONS } from './limits.ts'
import { isWithin } from './name-subtree.ts'
import { describe, refusal, searchLimit } from './refusal.ts'

const COMPARED: ReadonlySet<NameForm> = new Set(['uri', 'dns', 'ip', 'directory'])

/**
 * Holds names to the constraints of authorities, for one search of a path.
 *
 * Whether an authority may issue for the names of a certificate does not depend on the path that both are on:
 * it is found out once for each pair, and all pairs share one budget.
 */
export class NameCheck {
  readonly #id: SpiffeID
  readonly #verdicts = new Map<Certificate, Map<Certificate, SVIDError | undefined>>()
  #comparisonsLeft = MOST_NAME_COMPARISONS

  constructor(id: SpiffeID) {
    this.#id = id
  }

  /**
   * Refuses a certificate with a name for which an authority above it may not issue.
   *
   * Every name of a form that an authority permits is within one of the permitted subtrees, and no name is
   * within an excluded one (RFC 5280 §6.1.3 (b), (c) and §4.2.1.10, X509-SVID §4.2).
   *
   * @param issuers - Every authority above the certificate.
   */
  assertPermitted(certificate: Certificate, issuers: readonly Certificate[]): void {
    const verdicts = this.#verdicts.get(certificate) ?? new Map<Certificate, SVIDError | undefined>()
    this.#verdicts.set(certificate, verdicts)
    for (const issuer of issuers) {
      if (!verdicts.has(issuer)) verdicts.set(issuer, this.#verdictOn(certificate, issuer))
      const verdict = verdicts.get(issuer)
      if (verdict !== undefined) throw verdict
    }
  }

  #verdictOn(certificate: Certificate, issuer: Certificate): SVIDError | undefined {
    const { nameConstraints } = issuer.details
    if (nameConstraints === undefined) return undefined
    const isCritical = issuer.extensions.get(EXTENSION.nameConstraints)?.critical === true
    for (const name of namesOf(certificate)) {
      // RFC 5280 §4.2.1.10: of a form that is not compared, process the constraint or reject the certificate
      const problem =
        isCritical || COMPARED.has(name.form) ? this.#problemOf(name, nameConstraints) : undefined
      if (problem !== undefined) {
        return refusal(
          this.#id,
          'ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED',
          `${describe(certificate)} has a name of the form ${name.form} that is ${problem} the name constraints of ${describe(issuer)}`,
        )
      }
    }
    return undefined
  }

  #problemOf(name: GeneralName, constraints: NameConstraints): string | undefined {
    const permitted = constraints.permitted.get(name.form)
    const excluded = constraints.excluded.get(name.form) ?? []
    this.#count(1 + (permitted?.length ?? 0) + excluded.length)
    if (permitted?.some((base) => isWithin(name, base) === true) === false) return 'not permitted by'
    if (excluded.some((base) => isWithin(name, base) !== false)) return 'excluded by'
    return undefined
  }

  #count(comparisons: number): void {
    this.#comparisonsLeft -= comparisons
    if (this.#comparisonsLeft < 0) {
      throw searchLimit(this.#id, `names were compared ${MOST_NAME_COMPARISONS} times`)
    }
  }
}

/** The names that constraints apply to: the alternative ones and, unless it is empty, the subject. */
function namesOf({ subject, details }: Certificate): readonly GeneralName[] {
  const names: GeneralName[] = [...details.subjectAltNames]
  if (!subject.isEmpty) names.push({ form: 'directory', value: subject })
  // RFC 5280 §4.2.1.10: an address in the subject counts where no alternative name is one
  if (subject.has(EMAIL_ADDRESS) && !names.some(({ form }) => form === 'email')) {
    names.push({ form: 'email', value: '' })
  }
  return names
}

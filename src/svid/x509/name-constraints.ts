import type { Certificate } from '../../internal/x509/certificate.ts'
import type { GeneralName, NameForm } from '../../internal/x509/general-name.ts'
import type { NameConstraints } from '../../internal/x509/name-constraints.ts'
import { EMAIL_ADDRESS, EXTENSION } from '../../internal/x509/oid.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { MOST_NAME_COMPARISONS } from './limits.ts'
import { isWithin } from './name-subtree.ts'
import { describe, refusal } from './refusal.ts'

const COMPARED: ReadonlySet<NameForm> = new Set(['uri', 'dns', 'ip', 'directory'])

/**
 * Refuses a certificate with a name for which an authority above it may not issue.
 *
 * Every name of a form that an authority permits is within one of the permitted subtrees, and no name is
 * within an excluded one (RFC 5280 §6.1.3 (b), (c) and §4.2.1.10, X509-SVID §4.2).
 *
 * @param issuers - Every authority above the certificate.
 */
export function assertNamesPermitted(
  certificate: Certificate,
  issuers: readonly Certificate[],
  id: SpiffeID,
): void {
  for (const issuer of issuers) {
    const { nameConstraints } = issuer.details
    if (nameConstraints === undefined) continue
    const isCritical = issuer.extensions.get(EXTENSION.nameConstraints)?.critical === true
    // RFC 5280 §4.2.1.10: of a form that is not compared, process the constraint or reject the certificate
    const names = namesOf(certificate).filter(({ form }) => isCritical || COMPARED.has(form))
    assertWithin(names, nameConstraints, (form, problem) =>
      refusal(
        id,
        'ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED',
        `${describe(certificate)} has a name of the form ${form} that is ${problem} the name constraints of ${describe(issuer)}`,
      ),
    )
  }
}

function assertWithin(
  names: readonly GeneralName[],
  { permitted, excluded }: NameConstraints,
  refused: (form: NameForm, problem: string) => Error,
): void {
  let comparisonsLeft = MOST_NAME_COMPARISONS
  for (const name of names) {
    const ofSameForm = ({ form }: GeneralName): boolean => form === name.form
    comparisonsLeft -= permitted.length + excluded.length
    if (comparisonsLeft < 0) throw refused(name.form, 'beyond what is compared with')
    const permittedOfForm = permitted.filter(ofSameForm)
    if (permittedOfForm.length > 0 && !permittedOfForm.some((base) => isWithin(name, base) === true)) {
      throw refused(name.form, 'not permitted by')
    }
    if (excluded.filter(ofSameForm).some((base) => isWithin(name, base) !== false)) {
      throw refused(name.form, 'excluded by')
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

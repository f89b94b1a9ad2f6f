import { bytesKey } from '../../internal/bytes.ts'
import { groupBy } from '../../internal/group-by.ts'
import type { Certificate } from '../../internal/x509/certificate.ts'
import { readSubjectKeyIdentifier } from '../../internal/x509/extensions.ts'
import { EXTENSION } from '../../internal/x509/oid.ts'

const indexes = new WeakMap<readonly Certificate[], AuthorityIndex>()

/** The authorities of a bundle by their names and, in a crowd of one name, by the identifiers of their keys. */
export class AuthorityIndex {
  readonly #byName: ReadonlyMap<string, readonly Certificate[]>
  readonly #byKeyIdentifier = new Map<string, ReadonlyMap<string | undefined, readonly Certificate[]>>()

  /** The index of these authorities, which is made once. */
  static of(authorities: readonly Certificate[]): AuthorityIndex {
    const known = indexes.get(authorities)
    if (known !== undefined) return known
    const index = new AuthorityIndex(authorities)
    indexes.set(authorities, index)
    return index
  }

  private constructor(authorities: readonly Certificate[]) {
    this.#byName = groupBy(authorities, ({ subject }) => subject.key)
  }

  /** Those with the name of the issuer of a certificate. */
  named({ issuer }: Certificate): readonly Certificate[] {
    return this.#byName.get(issuer.key) ?? []
  }

  /** Those among them of which key identifiers do not say that another is meant (RFC 5280 §4.2.1.1). */
  *agreeing(child: Certificate): Iterable<Certificate> {
    const sameName = this.named(child)
    const wanted = sameName.length > 1 ? hint(() => child.details.authorityKeyIdentifier) : undefined
    if (wanted === undefined) {
      yield* sameName
      return
    }
    const { key } = child.issuer
    const byKeyIdentifier = this.#byKeyIdentifier.get(key) ?? groupBy(sameName, keyIdentifierOf)
    this.#byKeyIdentifier.set(key, byKeyIdentifier)
    yield* byKeyIdentifier.get(wanted) ?? []
    yield* byKeyIdentifier.get(undefined) ?? []
  }
}

/** The Subject Key Identifier alone: of most authorities in a crowd nothing else is ever asked. */
function keyIdentifierOf({ extensions }: Certificate): string | undefined {
  const extension = extensions.get(EXTENSION.subjectKeyIdentifier)
  return extension && hint(() => bytesKey(readSubjectKeyIdentifier(extension.value)))
}

/** What cannot be read gives no hint; whoever is to act on the certificate refuses it. */
function hint(read: () => string | undefined): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

import { Certificate } from '../../../src/internal/x509/certificate.ts'
import { PURPOSE } from '../../../src/internal/x509/oid.ts'
import type { GeneratedChain } from '../corpus/generated-x509.ts'

const ED25519 = '1.3.101.112'

/** What it can be about a path that others stumble on. The leaf comes first. */
const peculiarities = {
  'Ed25519 signatures': (path) =>
    path.some(({ signatureAlgorithm }) => signatureAlgorithm.algorithm === ED25519),
  'key identifiers that differ': (path) => path.some((child, at) => namesAnotherKey(child, path[at + 1])),
  'a leaf for any purpose': ([leaf]) => leaf?.details.extendedKeyUsage?.has(PURPOSE.any) === true,
} satisfies Readonly<Record<string, (path: readonly Certificate[]) => boolean>>

/** A reason to refuse a path, with the first of these peculiarities that the path has. */
export function explained(
  reason: string,
  { chain, authorities }: GeneratedChain,
  ...candidates: readonly (keyof typeof peculiarities)[]
): string {
  const path = [...chain, ...authorities].map((der) => Certificate.parse(der))
  const peculiarity = candidates.find((candidate) => peculiarities[candidate](path))
  return peculiarity === undefined ? reason : `${reason}: ${peculiarity}`
}

function namesAnotherKey(child: Certificate, issuer: Certificate | undefined): boolean {
  const wanted = child.details.authorityKeyIdentifier
  const offered = issuer?.details.subjectKeyIdentifier
  return wanted !== undefined && offered !== undefined && wanted !== offered
}

import { TestingError } from '../error.ts'

/** What issues certificates: node:crypto reads them only. */
export type X509Library = typeof import('@peculiar/x509')

/**
 * Loads the optional peer dependencies, when the first certificate is wanted: they cost about 110 ms, and
 * the certificate library wants the Reflect polyfill in place before it.
 */
export async function loadX509Library(): Promise<X509Library> {
  try {
    await import('reflect-metadata')
    return await import('@peculiar/x509')
  } catch (cause) {
    throw new TestingError(
      'ERR_SPIFFE_TESTING_DEPENDENCY_MISSING',
      'certificates cannot be issued without @peculiar/x509 and reflect-metadata',
      { cause },
    )
  }
}

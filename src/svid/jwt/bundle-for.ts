import { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import type { JWTBundleSource } from '../../bundle/source.ts'
import { SpiffeError } from '../../errors.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { refused } from './refused.ts'

/**
 * The bundle of the trust domain that a token claims to be of: no other can vouch for it (Workload API §6.3,
 * SPIFFE-ID §3). A promise only where the source answers with one.
 */
export function bundleFor(
  id: SpiffeID,
  bundles: JWTBundleSource,
  signal: AbortSignal | undefined,
): JWTBundle | Promise<JWTBundle> {
  let answer: unknown
  try {
    answer = bundles.getJWTBundle(id.trustDomain)
  } catch (cause) {
    throw failureOf(cause, id)
  }
  if (answer === undefined || answer instanceof JWTBundle) return checkedBundle(answer, id)
  return whenAnswered(answer, id, signal)
}

async function whenAnswered(
  answer: unknown,
  id: SpiffeID,
  signal: AbortSignal | undefined,
): Promise<JWTBundle> {
  let bundle: unknown
  try {
    bundle = await (signal === undefined ? answer : unlessAborted(answer, signal))
  } catch (cause) {
    signal?.throwIfAborted()
    throw failureOf(cause, id)
  }
  return checkedBundle(bundle, id)
}

function checkedBundle(bundle: unknown, id: SpiffeID): JWTBundle {
  if (bundle === undefined) {
    throw refused(
      id,
      'ERR_SPIFFE_JWT_SVID_BUNDLE_MISSING',
      `there is no bundle for the trust domain of ${id}`,
    )
  }
  if (!(bundle instanceof JWTBundle)) throw new TypeError('getJWTBundle must give a JWTBundle or undefined')
  if (!bundle.trustDomain.equals(id.trustDomain)) {
    throw refused(
      id,
      'ERR_SPIFFE_JWT_SVID_BUNDLE_FOREIGN',
      `asked for the bundle of ${id.trustDomain}, the source gave that of ${bundle.trustDomain}`,
    )
  }
  return bundle
}

/** What a source refuses with, such as that it is closed, comes through; any other failure gets a code. */
function failureOf(cause: unknown, id: SpiffeID): unknown {
  if (cause instanceof SpiffeError) return cause
  return refused(
    id,
    'ERR_SPIFFE_JWT_SVID_BUNDLE_UNAVAILABLE',
    `the bundle for ${id} could not be had: its source failed`,
    { cause },
  )
}

/** What the source answers, unless the signal comes first. */
async function unlessAborted(answer: unknown, signal: AbortSignal): Promise<unknown> {
  const settled = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { signal: settled.signal })
    if (signal.aborted) abort()
  })
  try {
    return await Promise.race([answer, aborted])
  } finally {
    settled.abort()
  }
}

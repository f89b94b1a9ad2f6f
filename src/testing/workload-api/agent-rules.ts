import { type Metadata, status } from '@grpc/grpc-js'
import type { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { JWTBundleSet } from '../../bundle/jwt/jwt-bundle-set.ts'
import type { X509Bundle } from '../../bundle/x509/x509-bundle.ts'
import { SpiffeError } from '../../errors.ts'
import { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import type { JWTSVID } from '../../svid/jwt/jwt-svid.ts'
import { parseAndValidate } from '../../svid/jwt/parse-and-validate.ts'
import type { X509SVID } from '../../svid/x509/x509-svid.ts'
import { securityHeader } from '../../workloadapi/wire/workload-api.ts'
import type { AuthorityChange } from '../authority/authority.ts'
import type { RotationStep } from '../authority/local-authorities.ts'
import type { Request, Response, StreamName, UnaryName } from './calls.ts'
import { jwksOf } from './jwks.ts'
import { Refusal } from './refusal.ts'

/*
 * What SPIRE's agent does, in one place: which check comes first, how each refusal is worded, what a message
 * holds, when one is sent. Where a real agent is seen to differ, it is mended here.
 */

/** One identity of a workload. */
export interface Identity {
  readonly id: SpiffeID
  readonly hint: string
  readonly svid: X509SVID
  /** A token for the audience. */
  token(audience: readonly string[]): Promise<JWTSVID>
}

/** What the agent knows of a workload at one moment. */
export interface AgentView {
  readonly trustDomain: TrustDomain
  readonly now: Date
  /** Oldest entry first. */
  readonly identities: readonly Identity[]
  readonly x509Bundle: X509Bundle
  readonly jwtBundle: JWTBundle
  readonly federatedX509Bundles: readonly X509Bundle[]
  readonly federatedJWTBundles: readonly JWTBundle[]
}

export const refusals = {
  noSecurityHeader: (): Refusal =>
    new Refusal(status.INVALID_ARGUMENT, 'security header missing from request'),
  noAudience: (): Refusal => new Refusal(status.INVALID_ARGUMENT, 'audience must be specified'),
  noToken: (): Refusal => new Refusal(status.INVALID_ARGUMENT, 'svid must be specified'),
  invalidID: (why: string): Refusal =>
    new Refusal(status.INVALID_ARGUMENT, `invalid requested SPIFFE ID: ${why}`),
  invalidToken: (why: string): Refusal => new Refusal(status.INVALID_ARGUMENT, why),
  // The server refuses, and the agent passes it on with all that it says.
  notSigned: (why: string): Refusal =>
    new Refusal(
      status.UNAVAILABLE,
      `could not fetch JWT-SVID: failed to fetch JWT SVID: rpc error: code = Internal desc = failed to sign JWT-SVID: ${why}`,
    ),
  noIdentity: (): Refusal => new Refusal(status.PERMISSION_DENIED, 'no identity issued'),
  noWIT: (what: string): Refusal => new Refusal(status.UNIMPLEMENTED, `fetching ${what} is not implemented`),
} as const

/** Comes before everything else in each call (Workload Endpoint §3): exactly one value, and this one. */
export function checkSecurityHeader(metadata: Metadata): void {
  if (metadata.get(securityHeader.name).join() !== securityHeader.value) throw refusals.noSecurityHeader()
}

/** What a step of an authority is for all workloads. */
type Consequence =
  | 'nothing'
  | 'a message'
  | 'new SVIDs in a message'
  | 'a message, and new tokens when they ask'

/** What follows from each step of an authority. */
export const consequences: {
  readonly [Of in AuthorityChange['of']]: { readonly [Step in RotationStep]: Consequence }
} = {
  x509: {
    prepare: 'a message',
    activate: 'nothing',
    taint: 'new SVIDs in a message',
    revoke: 'a message',
  },
  jwt: {
    prepare: 'a message',
    activate: 'nothing',
    // An agent sends the identities again whenever anything of the bundle changes, be it a mark on a JWT key.
    taint: 'a message, and new tokens when they ask',
    revoke: 'a message',
  },
}

/** Whether a stream repeats a message that says what the last one said. */
export const repeatsItself: Readonly<Record<StreamName, boolean>> = {
  fetchX509SVID: true,
  fetchX509Bundles: false,
  fetchJWTBundles: false,
}

/** The share of its life after which an SVID is renewed, and of a CA after which it is rotated. */
export const RENEWED_AFTER: number = 0.5

/** What a stream sends: the whole state, each time. */
export const streamAnswers: { readonly [Name in StreamName]: (view: AgentView) => Response<Name> } = {
  fetchX509SVID: (view) => {
    const identities = entitled(view)
    const bundle = derOf(view.x509Bundle)
    return {
      svids: identities.map(({ id, hint, svid }) => ({
        spiffeID: id.toString(),
        x509SVID: Buffer.concat(svid.rawCertificates),
        x509SVIDKey: svid.privateKey.export({ type: 'pkcs8', format: 'der' }),
        bundle,
        hint,
      })),
      crl: [],
      federatedBundles: new Map(view.federatedX509Bundles.map(namedDER)),
    }
  },

  fetchX509Bundles: (view) => {
    entitled(view)
    return { crl: [], bundles: new Map([view.x509Bundle, ...view.federatedX509Bundles].map(namedDER)) }
  },

  fetchJWTBundles: (view) => {
    entitled(view)
    return { bundles: new Map([view.jwtBundle, ...view.federatedJWTBundles].map(namedJWKS)) }
  },
}

/** What a call that ends by itself answers. */
export const unaryAnswers: {
  readonly [Name in UnaryName]: (view: AgentView, request: Request<Name>) => Promise<Response<Name>>
} = {
  fetchJWTSVID: async (view, { audience, spiffeID }) => {
    if (audience.length === 0) throw refusals.noAudience()
    const named = audience.filter((value) => value !== '')
    const asked = spiffeID === '' ? undefined : parseID(spiffeID)
    const identities = entitled(view).filter(({ id }) => asked === undefined || id.equals(asked))
    if (identities.length === 0) throw refusals.noIdentity()
    if (named.length === 0) throw refusals.notSigned('invalid JWT-SVID audience: cannot be empty')
    return {
      svids: await Promise.all(
        identities.map(async ({ id, hint, token }) => ({
          spiffeID: id.toString(),
          svid: (await token(named)).marshal(),
          hint,
        })),
      ),
    }
  },

  // Open to workloads without an identity too, with the bundle of the trust domain alone.
  validateJWTSVID: async (view, { audience, svid }) => {
    if (audience === '') throw refusals.noAudience()
    if (svid === '') throw refusals.noToken()
    const federated = view.identities.length === 0 ? [] : view.federatedJWTBundles
    const bundles = JWTBundleSet.from([view.jwtBundle, ...federated])
    const valid = await parseAndValidate(svid, bundles, audience, { now: view.now }).catch(refuseToken)
    return { spiffeID: valid.id.toString(), claims: claimsToShow(valid, view.trustDomain) }
  },
}

/** The identities of the workload; of several with the same hint the oldest (Workload API §5.2.1). */
function entitled({ identities }: AgentView): readonly Identity[] {
  if (identities.length === 0) throw refusals.noIdentity()
  const first = new Map<string, Identity>()
  for (const identity of identities) {
    if (!first.has(identity.hint)) first.set(identity.hint, identity)
  }
  return identities.filter((identity) => identity.hint === '' || first.get(identity.hint) === identity)
}

// Of a token of another trust domain only the claims that SPIFFE gives a meaning; the audience always a list.
function claimsToShow(
  { claims, audience, id }: JWTSVID,
  trustDomain: TrustDomain,
): Response<'validateJWTSVID'>['claims'] {
  const shown = id.memberOf(trustDomain)
    ? claims
    : Object.fromEntries(Object.entries(claims).filter(([name]) => SPIFFE_CLAIMS.has(name)))
  return { ...shown, aud: audience }
}

const SPIFFE_CLAIMS = new Set(['sub', 'exp', 'aud'])

function refuseToken(error: unknown): never {
  throw error instanceof SpiffeError ? refusals.invalidToken(error.message) : error
}

function parseID(text: string): SpiffeID {
  try {
    return SpiffeID.parse(text)
  } catch (error) {
    throw error instanceof SpiffeError ? refusals.invalidID(error.message) : error
  }
}

function derOf(bundle: X509Bundle): Uint8Array {
  return Buffer.concat(bundle.rawX509Authorities)
}

const namedDER = (bundle: X509Bundle): [string, Uint8Array] => [bundle.trustDomain.idString, derOf(bundle)]

const namedJWKS = (bundle: JWTBundle): [string, Uint8Array] => [bundle.trustDomain.idString, jwksOf(bundle)]

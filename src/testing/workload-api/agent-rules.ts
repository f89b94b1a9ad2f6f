import { type Metadata, status } from '@grpc/grpc-js'
import type { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { JWTBundleSet } from '../../bundle/jwt/jwt-bundle-set.ts'
import type { X509Bundle } from '../../bundle/x509/x509-bundle.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import type { Claims } from '../../svid/jwt/claims.ts'
import type { JWTSVID } from '../../svid/jwt/jwt-svid.ts'
import type { X509SVID } from '../../svid/x509/x509-svid.ts'
import { securityHeader } from '../../workloadapi/wire/workload-api.ts'
import type { AuthorityChange } from '../authority/authority.ts'
import type { RotationStep } from '../authority/local-authorities.ts'
import type { Request, Response, StreamName, UnaryName } from './calls.ts'
import { whyNoSpiffeID } from './id-rules.ts'
import { jwksOf } from './jwks.ts'
import { invalid, Refusal } from './refusal.ts'
import { judgeToken } from './token-rules.ts'

/*
 * What SPIRE's agent does, in one place: which check comes first, how each refusal is worded, what a message
 * holds, when one is sent. Where a real agent is seen to differ, it is mended here.
 */

/** One identity of a workload. */
export interface Identity {
  readonly id: SpiffeID
  readonly entryID: string
  readonly hint: string
  /** The names of the foreign trust domains whose bundles come along; all of them where absent. */
  readonly federatesWith: ReadonlySet<string> | undefined
  /** Absent while there is none: at first, and where it was dropped before there was another. */
  readonly svid: X509SVID | undefined
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
  noSecurityHeader: (): Refusal => invalid('security header missing from request'),
  noAudience: (): Refusal => invalid('audience must be specified'),
  noToken: (): Refusal => invalid('svid must be specified'),
  invalidID: (why: string): Refusal => invalid(`invalid requested SPIFFE ID: ${why}`),
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
    const issued = issuedOf(view)
    const bundle = derOf(view.x509Bundle)
    return {
      svids: shownOf(issued).map(({ id, hint, svid }) => ({
        spiffeID: id.toString(),
        x509SVID: Buffer.concat(svid.rawCertificates),
        x509SVIDKey: svid.privateKey.export({ type: 'pkcs8', format: 'der' }),
        bundle,
        hint,
      })),
      crl: [],
      federatedBundles: new Map(federatedOf(issued, view.federatedX509Bundles).map(namedDER)),
    }
  },

  fetchX509Bundles: (view) => {
    const federated = federatedOf(issuedOf(view), view.federatedX509Bundles)
    return { crl: [], bundles: new Map([view.x509Bundle, ...federated].map(namedDER)) }
  },

  fetchJWTBundles: (view) => {
    const federated = federatedOf(issuedOf(view), view.federatedJWTBundles)
    return { bundles: new Map([view.jwtBundle, ...federated].map(namedJWKS)) }
  },
}

/** What a call that ends by itself answers. */
export const unaryAnswers: {
  readonly [Name in UnaryName]: (view: AgentView, request: Request<Name>) => Promise<Response<Name>>
} = {
  // An entry is enough: a token needs no X509-SVID beside it.
  fetchJWTSVID: async ({ identities }, { audience, spiffeID }) => {
    if (audience.length === 0) throw refusals.noAudience()
    const named = audience.filter((value) => value !== '')
    const whyNoID = spiffeID === '' ? undefined : whyNoSpiffeID(spiffeID)
    if (whyNoID !== undefined) throw refusals.invalidID(whyNoID)
    const asked = shownOf(identities).filter(({ id }) => spiffeID === '' || id.toString() === spiffeID)
    if (asked.length === 0) throw refusals.noIdentity()
    if (named.length === 0) throw refusals.notSigned('invalid JWT-SVID audience: cannot be empty')
    return {
      svids: await Promise.all(
        asked.map(async ({ id, hint, token }) => ({
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
    const federated = federatedOf(view.identities.filter(isIssued), view.federatedJWTBundles)
    const claims = judgeToken(svid, audience, JWTBundleSet.from([view.jwtBundle, ...federated]), view.now)
    return { spiffeID: claims.id.toString(), claims: claimsToShow(claims, view.trustDomain) }
  },
}

interface IssuedIdentity extends Identity {
  readonly svid: X509SVID
}

const isIssued = (identity: Identity): identity is IssuedIdentity => identity.svid !== undefined

/** The identities that have an SVID: without one there is nothing to say, not even of bundles. */
function issuedOf({ identities }: AgentView): readonly IssuedIdentity[] {
  const issued = identities.filter(isIssued)
  if (issued.length === 0) throw refusals.noIdentity()
  return issued
}

/** Of several with the same hint the oldest (Workload API §5.2.1), in the order of their entry IDs. */
function shownOf<Shown extends Identity>(identities: readonly Shown[]): readonly Shown[] {
  const oldest = new Map<string, Shown>()
  for (const identity of identities) {
    if (!oldest.has(identity.hint)) oldest.set(identity.hint, identity)
  }
  return identities
    .filter((identity) => identity.hint === '' || oldest.get(identity.hint) === identity)
    .sort((a, b) => (a.entryID < b.entryID ? -1 : 1))
}

/** The foreign bundles that the identities bring along, also those that are not shown for their hint. */
function federatedOf<Bundle extends { readonly trustDomain: TrustDomain }>(
  identities: readonly Identity[],
  bundles: readonly Bundle[],
): readonly Bundle[] {
  return bundles.filter(({ trustDomain: { name } }) =>
    identities.some(({ federatesWith }) => federatesWith?.has(name) ?? true),
  )
}

// Of a token of another trust domain only the claims that SPIFFE gives a meaning; the audience always a list.
function claimsToShow(
  { json, audience, id }: Claims,
  trustDomain: TrustDomain,
): Response<'validateJWTSVID'>['claims'] {
  const shown = id.memberOf(trustDomain)
    ? json
    : Object.fromEntries(Object.entries(json).filter(([name]) => SPIFFE_CLAIMS.has(name)))
  return { ...shown, aud: audience }
}

const SPIFFE_CLAIMS = new Set(['sub', 'exp', 'aud'])

function derOf(bundle: X509Bundle): Uint8Array {
  return Buffer.concat(bundle.rawX509Authorities)
}

const namedDER = (bundle: X509Bundle): [string, Uint8Array] => [bundle.trustDomain.idString, derOf(bundle)]

const namedJWKS = (bundle: JWTBundle): [string, Uint8Array] => [bundle.trustDomain.idString, jwksOf(bundle)]

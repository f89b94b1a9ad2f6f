import { SpiffeBundle } from '../../../../src/bundle/index.ts'
import type { Authority, WorkloadAPI } from '../../../../src/testing/index.ts'
import type { Deployment } from '../support/deployment.ts'
import type { Seen } from './witness.ts'

const orders = 'spiffe://acme.internal/orders'
const shop = 'spiffe://acme.internal/shop'
const backup = 'spiffe://acme.internal/backup'

/** Three entries of one workload. The second comes first; the third has its hint, and is younger. */
const entries = {
  first: { spiffeID: orders, entryID: 'b', hint: 'internal', federatesWith: ['spiffe://partner.example'] },
  second: { spiffeID: shop, entryID: 'a', hint: 'external', federatesWith: [] },
  third: { spiffeID: backup, entryID: '0', hint: 'external', federatesWith: ['spiffe://partner.example'] },
} as const

/** What is done, in this order, and how a workload knows that it is: it cannot where nothing changes for it. */
export const steps = {
  start: ({ refused }) => refused,
  federate: undefined,
  'create an entry': ({ ids, federated }) => ids === orders && federated,
  'create one that comes before it': ({ ids }) => ids === `${shop} ${orders}`,
  'delete the first': ({ ids, federated }) => ids === shop && !federated,
  'create one with a hint that is taken': ({ ids, federated }) => ids === shop && federated,
  'delete the one that had it': ({ ids }) => ids === backup,
  'prepare an X.509 authority': ({ authorities }) => authorities === 2,
  'activate it': undefined,
  'taint the old one': ({ refused, leaves }, before) => !refused && leaves !== before.leaves,
  'revoke the old one': ({ authorities }) => authorities === 1,
  'prepare a JWT authority': ({ keys }) => keys === 2,
  'activate that': undefined,
  'taint the old JWT authority': undefined,
  'revoke the old JWT authority': ({ keys }) => keys === 1,
  dissociate: ({ federated }) => !federated,
  'delete the last entry': ({ refused }) => refused,
} satisfies Readonly<Record<string, ((now: Seen, before: Seen) => boolean) | undefined>>

export type Step = keyof typeof steps

/** Does each of the steps to an agent. */
export interface Operator {
  readonly address: string
  /** How long after a step a workload may still be told of it. */
  readonly settlesInMs: number
  readonly take: { readonly [Name in Step]: () => unknown }
}

/** Does them to our testing Workload API. */
export function testingOperator(api: WorkloadAPI, partner: Authority): Operator {
  const workload = api.workload()
  const { x509, jwt } = api.authority
  const create = ({ spiffeID, ...options }: (typeof entries)[keyof typeof entries]) =>
    workload.register(spiffeID, options)
  const remove = ({ entryID }: { entryID: string }) =>
    workload.entries.find((entry) => entry.entryID === entryID)?.delete()
  return {
    address: workload.address,
    settlesInMs: 500,
    take: {
      start: () => undefined,
      federate: () => api.federate(partner),
      'create an entry': () => create(entries.first),
      'create one that comes before it': () => create(entries.second),
      'delete the first': () => remove(entries.first),
      'create one with a hint that is taken': () => create(entries.third),
      'delete the one that had it': () => remove(entries.second),
      'prepare an X.509 authority': () => x509.prepare(),
      'activate it': () => x509.activate(),
      'taint the old one': () => x509.taint(),
      'revoke the old one': () => x509.revoke(),
      'prepare a JWT authority': () => jwt.prepare(),
      'activate that': () => jwt.activate(),
      'taint the old JWT authority': () => jwt.taint(),
      'revoke the old JWT authority': () => jwt.revoke(),
      dissociate: () => api.dissociate('partner.example'),
      'delete the last entry': () => remove(entries.third),
    },
  }
}

/** Does them to the server of an agent of SPIRE; the workload is of this user. */
export function spireOperator({ server, agent }: Deployment, uid: number, partner: Authority): Operator {
  let next = ''
  let old = ''
  const create = (entry: (typeof entries)[keyof typeof entries]) => server.createEntry({ uid, ...entry })
  const remove = ({ entryID }: { entryID: string }) => server.deleteEntry(entryID)
  const prepare = async (kind: 'x509' | 'jwt') => {
    next = await server.prepareAuthority(kind)
  }
  const activate = async (kind: 'x509' | 'jwt') => {
    old = await server.activateAuthority(kind, next)
  }
  return {
    address: agent.address,
    // Its agent asks once a second, and gives what is missing a second try after half of one.
    settlesInMs: 2_500,
    take: {
      start: () => undefined,
      federate: () => server.setFederatedBundle('partner.example', documentOf(partner)),
      'create an entry': () => create(entries.first),
      'create one that comes before it': () => create(entries.second),
      'delete the first': () => remove(entries.first),
      'create one with a hint that is taken': () => create(entries.third),
      'delete the one that had it': () => remove(entries.second),
      'prepare an X.509 authority': () => prepare('x509'),
      'activate it': () => activate('x509'),
      'taint the old one': () => server.taintAuthority('x509', old),
      'revoke the old one': () => server.revokeAuthority('x509', old),
      'prepare a JWT authority': () => prepare('jwt'),
      'activate that': () => activate('jwt'),
      'taint the old JWT authority': () => server.taintAuthority('jwt', old),
      'revoke the old JWT authority': () => server.revokeAuthority('jwt', old),
      dissociate: () => server.dissociateFederatedBundle('partner.example'),
      'delete the last entry': () => remove(entries.third),
    },
  }
}

/** What a server is told of another trust domain. */
export const documentOf = ({ trustDomain, x509Bundle, jwtBundle }: Authority): string =>
  SpiffeBundle.from(trustDomain, { x509Bundle, jwtBundle }).marshal()

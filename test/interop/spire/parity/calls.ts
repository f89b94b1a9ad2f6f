import type { Metadata } from '@grpc/grpc-js'
import { type RawClient, refusal } from '../../../testing/support.ts'
import { streamNames } from './raw-streams.ts'

/** A call that is refused, and how it is. */
type Refused = (client: RawClient, metadata?: Metadata) => ReturnType<typeof refusal>

const orders = 'spiffe://acme.internal/orders'

const fetch =
  (audience: readonly string[], spiffeID = ''): Refused =>
  (client, metadata) =>
    refusal(client.call('fetchJWTSVID', { audience, spiffeID }, metadata))

const validate =
  (svid: string, audience: string): Refused =>
  (client, metadata) =>
    refusal(client.call('validateJWTSVID', { audience, svid }, metadata))

const open =
  (path: string): Refused =>
  (client, metadata) =>
    client.openPath(path, (bytes) => bytes, metadata).end()

/** Questions that nobody should ask, of a workload that is orders. */
export const unfit: Readonly<Record<string, Refused>> = {
  'a token for nobody': fetch([]),
  'a token for an audience without a name': fetch([''], orders),
  'a token of another workload': fetch(['orders'], 'spiffe://acme.internal/other'),
  'a token of the trust domain': fetch(['orders'], 'spiffe://acme.internal'),
  'a token of another trust domain': fetch(['orders'], 'spiffe://partner.example/orders'),
  'a token of an ID that is too long': fetch(['orders'], `${orders}/${'a'.repeat(2048)}`),
  'a token of no ID': fetch(['orders'], 'orders'),
  'a token of an upper-case scheme': fetch(['orders'], 'SPIFFE://acme.internal/orders'),
  'a token of no trust domain': fetch(['orders'], 'spiffe:///orders'),
  'a token of an upper-case trust domain': fetch(['orders'], 'spiffe://Acme.internal/orders'),
  'a token of a port': fetch(['orders'], 'spiffe://acme.internal:8443/orders'),
  'a token of an encoded path': fetch(['orders'], 'spiffe://acme.internal/%6frders'),
  'a token of an empty segment': fetch(['orders'], 'spiffe://acme.internal//orders'),
  'a token of a dot segment': fetch(['orders'], 'spiffe://acme.internal/./orders'),
  'a token of two dots at the end': fetch(['orders'], 'spiffe://acme.internal/..'),
  'a token of a trailing slash': fetch(['orders'], 'spiffe://acme.internal/orders/'),
  'whose an empty token is': validate('', 'orders'),
  'whose a token for nobody is': validate('a.b.c', ''),
  'the SVIDs of the WIT profile': open('/SpiffeWorkloadAPI/FetchWITSVID'),
  'the bundles of the WIT profile': open('/SpiffeWorkloadAPI/FetchWITBundles'),
}

/** Every call, asked as it should be, but for its header. */
export const everyCall: Readonly<Record<string, Refused>> = {
  fetchJWTSVID: fetch(['orders']),
  validateJWTSVID: validate('a.b.c', 'orders'),
  ...Object.fromEntries(
    streamNames.map((name): [string, Refused] => [
      name,
      (client, metadata) => client.open(name, metadata).end(),
    ]),
  ),
  fetchWITSVID: open('/SpiffeWorkloadAPI/FetchWITSVID'),
  fetchWITBundles: open('/SpiffeWorkloadAPI/FetchWITBundles'),
}

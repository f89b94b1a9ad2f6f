import { types } from 'node:util'
import type { X509Context } from '../svid/source.ts'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import { WorkloadAPIError } from './error.ts'
import type { Stream } from './streams.ts'

/** Says which of the workload's identities to present. It is asked again for every message. */
export type X509SVIDPicker = (svids: readonly X509SVID[]) => X509SVID

/** The stream with the identity that the picker chose. A message for which it fails is refused. */
export function picked(stream: Stream<X509Context>, picker: X509SVIDPicker): Stream<X509Context> {
  return {
    async *open(calls, signal) {
      for await (const message of stream.open(calls, signal)) {
        yield () => {
          const { value, skipped } = message()
          return { value: Object.freeze({ ...value, svid: pick(value.svids, picker) }), skipped }
        }
      }
    },
  }
}

function pick(svids: readonly X509SVID[], picker: X509SVIDPicker): X509SVID {
  let svid: X509SVID
  try {
    svid = picker(svids)
  } catch (cause) {
    throw new WorkloadAPIError('ERR_SPIFFE_SOURCE_PICKER', `the picker threw on ${svids.length} SVIDs`, {
      cause,
    })
  }
  // It is refused below; nobody else waits for it, and a rejection that nobody handles would end the process.
  if (types.isPromise(svid)) svid.catch(() => undefined)
  if (!svids.includes(svid)) {
    throw new WorkloadAPIError('ERR_SPIFFE_SOURCE_PICKER', `the picker chose none of ${svids.length} SVIDs`)
  }
  return svid
}

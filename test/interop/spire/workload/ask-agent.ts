import { type Client, Metadata, status } from '@grpc/grpc-js'
import { decode, encode } from '../../../../src/workloadapi/wire/codec.ts'
import { type Content, calls, securityHeader } from '../../../../src/workloadapi/wire/workload-api.ts'
import type { Verdict } from './protocol.ts'

const timeoutMs = 10_000

/**
 * Has the agent judge a token. Its word alone: our client looks again at what the agent accepted.
 *
 * @throws what is no verdict, such as that the agent cannot be reached.
 */
export function askAgent(client: Client, token: string, audience: string): Promise<Verdict> {
  const { path, request, response } = calls.validateJWTSVID
  const metadata = new Metadata()
  metadata.set(securityHeader.name, securityHeader.value)
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (content: Content<typeof request>) => Buffer.from(encode(request, content)),
      (bytes) => decode(response, bytes),
      { audience, svid: token },
      metadata,
      { deadline: Date.now() + timeoutMs },
      (error, answer) => {
        if (answer !== undefined) resolve({ id: answer.spiffeID })
        else if (error?.code !== status.INVALID_ARGUMENT) reject(error)
        else resolve({ error: { code: 'INVALID_ARGUMENT', message: error.details } })
      },
    )
  })
}

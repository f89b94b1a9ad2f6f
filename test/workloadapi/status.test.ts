import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { WorkloadAPIError } from '../../src/workloadapi/index.ts'
import { statusError } from '../../src/workloadapi/status.ts'
import { calls } from '../../src/workloadapi/wire/workload-api.ts'
import { jwt } from './messages.ts'

const ADDRESS = 'unix:///run/agent.sock'

function serviceError(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() })
}

function translated(code: status, details: string, path = calls.fetchX509SVID.path): WorkloadAPIError {
  return statusError(serviceError(code, details), ADDRESS, path)
}

describe('the status of a call', () => {
  it.each([
    ['ENOENT', 'SOCKET_MISSING'],
    ['ENOTDIR', 'SOCKET_MISSING'],
    ['EACCES', 'SOCKET_FORBIDDEN'],
    ['EPERM', 'SOCKET_FORBIDDEN'],
    ['ECONNREFUSED', 'UNAVAILABLE'],
    ['ENAMETOOLONG', 'UNAVAILABLE'],
  ])('tells why there is no connection: %s', (reason, expected) => {
    const details = `No connection established. Last error: Error: connect ${reason} /run/agent.sock.`
    expect(translated(status.UNAVAILABLE, details).code).toBe(`ERR_SPIFFE_WORKLOAD_API_${expected}`)
    // Only where gRPC says that it could not connect; a server can say anything.
    expect(translated(status.INTERNAL, details).code).toBe('ERR_SPIFFE_WORKLOAD_API_FAILED')
  })

  it('tells a token that is not valid from a request that is not', () => {
    const of = (path: string): string => translated(status.INVALID_ARGUMENT, 'no', path).code
    expect(of(calls.validateJWTSVID.path)).toBe('ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED')
    for (const call of [
      calls.fetchX509SVID,
      calls.fetchX509Bundles,
      calls.fetchJWTSVID,
      calls.fetchJWTBundles,
    ]) {
      expect(of(call.path)).toBe('ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT')
    }
  })

  it.each([
    ['a token', jwt(), '[token]'],
    ['a token whose header has a space', `eyAi${jwt().slice(4)}`, '[token]'],
    ['a token whose header begins with a line break', `ewog${jwt().slice(4)}`, '[token]'],
    ['the header of one', jwt().split('.')[0] ?? '', '[token]'],
    ['words with dots', 'eye.witness spiffe.io/agent key', 'eye.witness spiffe.io/agent key'],
  ])('is quoted without tokens: %s', (_, text, quoted) => {
    const error = translated(status.INTERNAL, `it was ${text}, you see`)
    expect(error.message).toContain(`"it was ${quoted}, you see"`)
    expect('cause' in error).toBe(text === quoted)
  })

  it('is not what everything that is thrown has', () => {
    const ours = new WorkloadAPIError('ERR_SPIFFE_WORKLOAD_API_CLOSED', 'closed')
    expect(statusError(ours, ADDRESS, '/')).toBe(ours)
    for (const other of [
      new Error('channel closed'),
      Object.assign(new Error('x'), { details: 1, code: 2 }),
      'text',
    ]) {
      expect(statusError(other, ADDRESS, '/')).toMatchObject({
        code: 'ERR_SPIFFE_WORKLOAD_API_FAILED',
        message: expect.stringContaining(`the call to ${ADDRESS} failed`),
        cause: other,
      })
    }
  })
})

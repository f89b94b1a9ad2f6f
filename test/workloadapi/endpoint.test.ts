import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveEndpoint } from '../../src/workloadapi/endpoint.ts'
import {
  getDefaultAddress,
  socketEnv,
  validateAddress,
  WorkloadAPIClient,
  WorkloadAPIError,
} from '../../src/workloadapi/index.ts'

function errorOf(address: string | undefined): WorkloadAPIError | undefined {
  try {
    resolveEndpoint(address)
    return undefined
  } catch (error) {
    if (error instanceof WorkloadAPIError) return error
    throw error
  }
}

const longest = process.platform === 'darwin' ? 103 : 107

let before: string | undefined
beforeEach(() => {
  before = process.env[socketEnv]
  delete process.env[socketEnv]
})
afterEach(() => {
  if (before === undefined) delete process.env[socketEnv]
  else process.env[socketEnv] = before
})

describe('an address', () => {
  it.each([
    ['unix:///run/spire/agent.sock', 'unix:/run/spire/agent.sock'],
    ['unix:/run/spire/agent.sock', 'unix:/run/spire/agent.sock'],
    ['UNIX:///run/a.sock', 'unix:/run/a.sock'],
    ['unix:////run//a.sock', 'unix:/run//a.sock'],
    ['unix:///run/my%20agent.sock', 'unix:/run/my agent.sock'],
    ['unix:///run/%C3%A4.sock', 'unix:/run/ä.sock'],
    ['unix:///run/a%3Fb%23c.sock', 'unix:/run/a?b#c.sock'],
    ["unix:///run/A-z_0~9.!$&'()*+,;=:@x", "unix:/run/A-z_0~9.!$&'()*+,;=:@x"],
    ['tcp://127.0.0.1:8081', 'ipv4:127.0.0.1:8081'],
    ['TCP://127.0.0.1:8081', 'ipv4:127.0.0.1:8081'],
    ['tcp://[::1]:1', 'ipv6:[::1]:1'],
    ['tcp://[fe80::1]:65535', 'ipv6:[fe80::1]:65535'],
    ['tcp://10.0.0.1:0080', 'ipv4:10.0.0.1:80'],
  ])('may be %s', (address, target) => {
    expect(resolveEndpoint(address)).toEqual({ address, target })
  })

  it.each([
    ['EMPTY', ''],
    ['NOT_A_URI', '/run/spire/agent.sock'],
    ['NOT_A_URI', 'agent.sock'],
    ['NOT_A_URI', ':///run/a.sock'],
    ['NOT_A_URI', ' unix:///run/a.sock'],
    ['NOT_A_URI', 'unix:///run/a.sock\n'],
    ['NOT_A_URI', 'unix:///run/a b.sock'],
    ['NOT_A_URI', 'unix:///run/ä.sock'],
    ['NOT_A_URI', 'unix:///run/[a].sock'],
    ['NOT_A_URI', 'unix:///run/a%2.sock'],
    ['NOT_A_URI', 'unix:///run/a%00.sock'],
    ['NOT_A_URI', 'unix:///run/a%0A.sock'],
    ['NOT_A_URI', 'unix:///run/a%1f.sock'],
    ['NOT_A_URI', 'unix:///run/a%7F.sock'],
    ['NOT_A_URI', 'unix:///run/a%FF.sock'],
    ['NOT_A_URI', 'unix:\\run\\a.sock'],
    ['SCHEME', 'http://127.0.0.1:8081'],
    ['SCHEME', 'https://127.0.0.1:8081'],
    ['SCHEME', 'npipe:spire-agent'],
    ['SCHEME', 'dns:///localhost:8081'],
    ['SCHEME', 'unix-abstract:agent'],
    ['UNIX_AUTHORITY', 'unix://run/agent.sock'],
    ['UNIX_AUTHORITY', 'unix://user@/run/agent.sock'],
    ['UNIX_AUTHORITY', 'unix://:password@/run/agent.sock'],
    ['UNIX_AUTHORITY', 'unix://localhost:1/run/agent.sock'],
    ['UNIX_RELATIVE', 'unix:run/agent.sock'],
    ['UNIX_RELATIVE', 'unix:'],
    ['UNIX_RELATIVE', 'unix://'],
    ['COMPONENT', 'unix:///run/agent.sock?a=b'],
    ['COMPONENT', 'unix:///run/agent.sock?'],
    ['COMPONENT', 'unix:///run/agent.sock#f'],
    ['COMPONENT', 'unix:///run/agent.sock#'],
    ['COMPONENT', 'tcp://127.0.0.1:8081?'],
    ['COMPONENT', 'tcp://127.0.0.1:8081#f'],
    ['COMPONENT', 'tcp://user@127.0.0.1:8081'],
    ['COMPONENT', 'tcp://:password@127.0.0.1:8081'],
    ['TCP_HOST', 'tcp://localhost:8081'],
    ['TCP_HOST', 'tcp://agent.internal:8081'],
    ['TCP_HOST', 'tcp://:8081'],
    ['TCP_HOST', 'tcp:127.0.0.1:8081'],
    ['TCP_HOST', 'tcp:///run/agent.sock'],
    ['TCP_HOST', 'tcp://::1:8081'],
    ['TCP_HOST', 'tcp://[::1'],
    ['TCP_HOST', 'tcp://[fe80::1%25eth0]:8081'],
    ['TCP_HOST', 'tcp://[127.0.0.1]:8081'],
    ['TCP_HOST', 'tcp://0x7f.1:8081'],
    ['TCP_HOST', 'tcp://127.1:8081'],
    ['TCP_HOST', 'tcp://127.0.0.1:8081\n'],
    ['TCP_HOST', 'tcp://127.0.0.01:8081'],
    ['TCP_PORT', 'tcp://127.0.0.1'],
    ['TCP_PORT', 'tcp://127.0.0.1:'],
    ['TCP_PORT', 'tcp://127.0.0.1:0'],
    ['TCP_PORT', 'tcp://127.0.0.1:65536'],
    ['TCP_PORT', 'tcp://127.0.0.1:-1'],
    ['TCP_PORT', 'tcp://127.0.0.1:8e3'],
    ['TCP_PORT', 'tcp://127.0.0.1:http'],
    ['TCP_PORT', 'tcp://[::1]'],
    ['TCP_PATH', 'tcp://127.0.0.1:8081/'],
    ['TCP_PATH', 'tcp://127.0.0.1:8081/path'],
  ])('is refused with …%s: %s', (code, address) => {
    expect(errorOf(address)?.code).toBe(`ERR_SPIFFE_ENDPOINT_${code}`)
  })

  it('is refused where the system would cut the path of the socket', () => {
    const path = (bytes: number): string => `unix:///${'a'.repeat(bytes - 1)}`
    expect(errorOf(path(longest))).toBe(undefined)
    expect(errorOf(path(longest + 1))?.code).toBe('ERR_SPIFFE_ENDPOINT_UNIX_TOO_LONG')
    // Bytes count, not characters, and as they are on the file system.
    expect(errorOf(`unix:///${'%C3%A4'.repeat((longest - 1) / 2)}`)).toBe(undefined)
    expect(errorOf(`unix:///a${'%C3%A4'.repeat((longest - 1) / 2)}`)?.code).toBe(
      'ERR_SPIFFE_ENDPOINT_UNIX_TOO_LONG',
    )
  })

  it('is quoted in the refusal with where it came from, the rule and what to do', () => {
    process.env[socketEnv] = 'http://127.0.0.1:8081'
    expect(errorOf(undefined)?.message).toBe(
      'SPIFFE_ENDPOINT_SOCKET, "http://127.0.0.1:8081", has the scheme "http" (Workload Endpoint §4); ' +
        'use unix:///path/to/agent.sock or tcp://IP:PORT',
    )
    expect(errorOf('unix:a')?.message).toBe(
      'the address, "unix:a", does not name an absolute path (Workload Endpoint §4); ' +
        'write the absolute path of the socket, as in unix:///run/spire/agent.sock',
    )
  })

  it.each([null, 1, {}, ['unix:///a']])('is a TypeError where it is no string: %j', (address) => {
    expect(() => validateAddress(address as never)).toThrow(TypeError)
    expect(() => WorkloadAPIClient.create({ address: address as never })).toThrow(TypeError)
  })

  it('can be checked without a client', () => {
    expect(() => validateAddress('unix:///run/spire/agent.sock')).not.toThrow()
    expect(() => validateAddress('unix:agent.sock')).toThrow(WorkloadAPIError)
  })
})

describe('the address of a client', () => {
  it('is the one that is given, whatever the environment says', () => {
    process.env[socketEnv] = 'unix:///from/environment.sock'
    expect(WorkloadAPIClient.create({ address: 'unix:///explicit.sock' }).address).toBe(
      'unix:///explicit.sock',
    )
  })

  it('is the one in the environment where none is given', () => {
    process.env[socketEnv] = 'unix:///from/environment.sock'
    expect(getDefaultAddress()).toBe('unix:///from/environment.sock')
    expect(WorkloadAPIClient.create().address).toBe('unix:///from/environment.sock')
  })

  it('is missed where there is neither, and said to be empty where it is', () => {
    expect(getDefaultAddress()).toBe(undefined)
    expect(errorOf(undefined)?.code).toBe('ERR_SPIFFE_ENDPOINT_UNSET')
    process.env[socketEnv] = ''
    expect(errorOf(undefined)?.code).toBe('ERR_SPIFFE_ENDPOINT_EMPTY')
    expect(errorOf(undefined)?.message).toMatch(/^SPIFFE_ENDPOINT_SOCKET is empty/)
  })
})

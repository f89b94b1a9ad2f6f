import tls from 'node:tls'
import { expect } from 'vitest'
import type { Running } from './servers.ts'
import type { Credentials } from './world.ts'

export const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

/** How a client introduces itself: with a server name, application protocols, both or neither. */
export const HELLOS = {
  'SNI and ALPN': { servername: 'a.example', ALPNProtocols: ['h2', 'http/1.1'] },
  SNI: { servername: 'a.example' },
  ALPN: { ALPNProtocols: ['h2', 'http/1.1'] },
  'neither SNI nor ALPN': {},
} satisfies Record<string, tls.ConnectionOptions>

/** What a visitor saw. */
export interface Visit {
  /** Whether its handshake looked complete. */
  readonly secured: boolean
  readonly received: string
  readonly error: (Error & { readonly code?: string }) | undefined
}

const HURRIED_REQUEST = 'GET / HTTP/1.1\r\nhost: a.example\r\n\r\n'

/**
 * Connects as somebody who does not use this library and checks nothing, writes a request at once, and leaves
 * with the first answer.
 */
export function visit(
  port: number,
  credentials: Credentials | undefined,
  options: tls.ConnectionOptions = {},
  request: string = HURRIED_REQUEST,
): Promise<Visit> {
  return new Promise((resolve) => {
    let secured = false
    let received = ''
    let error: Error | undefined
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...credentials,
      ...options,
    })
    socket.on('secureConnect', () => {
      secured = true
    })
    socket.on('data', (data) => {
      received += data.toString('latin1')
      socket.destroy()
    })
    socket.on('error', (thrown) => {
      error = thrown
    })
    socket.on('close', () => resolve({ secured, received, error }))
    socket.write(request)
  })
}

const ENTRANCES: readonly tls.ConnectionOptions[] = [
  { ...HELLOS['SNI and ALPN'], maxVersion: 'TLSv1.2' },
  { ...HELLOS['SNI and ALPN'], maxVersion: 'TLSv1.3' },
  { ...HELLOS['neither SNI nor ALPN'], maxVersion: 'TLSv1.3' },
]

/** Lets each of them try in several ways, and finds that no listener saw anything and nobody was answered. */
export async function expectNobody(
  running: Running,
  strangers: readonly (Credentials | undefined)[],
): Promise<void> {
  running.seen.length = 0
  const visits = strangers.flatMap((credentials) =>
    ENTRANCES.map((entrance) => visit(running.port, credentials, entrance)),
  )
  expect((await Promise.all(visits)).map(({ received }) => received).join('')).toBe('')
  expect(running.seen).toEqual([])
}

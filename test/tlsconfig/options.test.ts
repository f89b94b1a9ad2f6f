import https from 'node:https'
import type tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import { authorizeAny, mtlsClientOptions, mtlsServerOptions } from '../../src/tlsconfig/index.ts'
import { ID, sourceFor } from './support/world.ts'

const source = sourceFor(ID.server)

describe.each([
  ['mtlsServerOptions', mtlsServerOptions],
  ['mtlsClientOptions', mtlsClientOptions],
])('%s', (_name, make) => {
  test('takes a source and an authorizer', () => {
    expect(make(source, authorizeAny())).toMatchObject({ rejectUnauthorized: true })
    expect(make(source, authorizeAny(), { bundles: source.snapshot().bundles })).toBeDefined()
  })

  test.each([
    ['no source', [undefined, authorizeAny()]],
    ['a promise of a source', [Promise.resolve(source), authorizeAny()]],
    ['an SVID without bundles', [source.getX509SVID(), authorizeAny()]],
    ['no authorizer', [source]],
    ['an ID for an authorizer', [source, ID.client]],
    ['bundles that are none', [source, authorizeAny(), { bundles: {} }]],
    ['bundles that are null', [source, authorizeAny(), { bundles: null }]],
  ])('refuses %s', (_what, args) => {
    expect(() => Reflect.apply(make, undefined, args)).toThrow(TypeError)
  })
})

test('server options hold no certificate, trust nobody, and resume nothing', () => {
  const options: tls.TlsOptions = mtlsServerOptions(source, authorizeAny())
  expect(options).toMatchObject({
    requestCert: true,
    rejectUnauthorized: true,
    ca: [],
    minVersion: 'TLSv1.2',
  })
  expect(Object.keys(options)).not.toContain('cert')
  expect(Object.keys(options)).not.toContain('key')
  expect(Object.isFrozen(options.ca)).toBe(true)
})

test('client options keep no session, neither one of before nor one for later', () => {
  const options = mtlsClientOptions(source, authorizeAny())
  expect(Object.entries(options)).toContainEqual(['session', undefined])
  expect(Reflect.get(new https.Agent(options), 'maxCachedSessions')).toBe(0)
})

test('options of two servers have nothing in common by which one could be taken for the other', () => {
  const one = mtlsServerOptions(source, authorizeAny())
  const other = mtlsServerOptions(source, authorizeAny())
  expect(one.ca).not.toBe(other.ca)
  expect(one.SNICallback).not.toBe(other.SNICallback)
  expect(one.sessionIdContext).not.toBe(other.sessionIdContext)
})

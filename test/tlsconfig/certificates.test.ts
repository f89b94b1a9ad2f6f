import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import { SVIDError } from '../../src/svid/error.ts'
import { attach, authorizeMemberOf, mtlsClientOptions, mtlsServerOptions } from '../../src/tlsconfig/index.ts'
import { type Minted, type MintOptions, mintCA, mintLeaf } from '../support/mint.ts'
import { StaticSource } from '../support/static-source.ts'
import { post } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { visit } from './support/visitors.ts'
import { type Credentials, credentialsOf, issuerA, leafA, rootA, svidOf } from './support/world.ts'

const PEER = 'spiffe://a.test/peer'
const past = new Date(Date.now() - 60_000)
const future = new Date(Date.now() + 3_600_000)

const sameName = mintCA({ subject: 'O=a', key: 'p256/same-name', uris: ['spiffe://a.test'] })
const anchored = mintCA({ subject: 'O=a, CN=anchored', issuer: mintCA({ subject: 'O=elsewhere' }) })
const bundle = X509Bundle.parse('a.test', rootA.pem + sameName.pem + anchored.pem)
const source = new StaticSource(svidOf(leafA('spiffe://a.test/us'), issuerA), [bundle])

function issued(options: MintOptions): Credentials {
  return credentialsOf(leafA(PEER, options), issuerA)
}

function below(options: MintOptions, leaf: MintOptions = {}): Credentials {
  const issuer = mintCA({ subject: 'O=a, CN=other issuer', issuer: rootA, ...options })
  return credentialsOf(mintLeaf(PEER, issuer, leaf), issuer)
}

/** What a peer may present, and what OpenSSL lets pass on the way to the verdict. */
const VALID: Record<string, Credentials> = {
  'a leaf with an intermediate': issued({}),
  'a leaf of an authority': credentialsOf(mintLeaf(PEER, rootA)),
  'a leaf of an authority with the name of another one': credentialsOf(mintLeaf(PEER, sameName)),
  'a leaf of an authority that is no root': credentialsOf(mintLeaf(PEER, anchored)),
  'a root at the end of the chain': credentialsOf(leafA(PEER), issuerA, rootA),
  'a chain with something unrelated in it': credentialsOf(
    leafA(PEER),
    mintCA({ subject: 'O=else' }),
    issuerA,
  ),
  'no Extended Key Usage': issued({ eku: false }),
  'no Key Usage': issued({ keyUsage: false }),
  'no Basic Constraints': issued({ basicConstraints: false }),
  'DNS names beside the ID': issued({ dns: ['peer.example', 'peer'] }),
  'no subject, and a critical alternative name': issued({ subject: '' }),
  'a key on P-384': issued({ key: 'p384' }),
  'a key on P-521': issued({ key: 'p521' }),
  'an RSA key of 2048 bits': issued({ key: 'rsa2048' }),
  'an Ed25519 key': issued({ key: 'ed25519' }),
}

const INVALID: Record<string, readonly [string, Credentials]> = {
  'an expired leaf': ['EXPIRED', issued({ notAfter: past })],
  'a leaf that is not valid yet': ['NOT_YET_VALID', issued({ notBefore: future })],
  'an expired intermediate': ['EXPIRED', below({ notAfter: past })],
  'a leaf that is a CA': ['LEAF_IS_CA', issued({ basicConstraints: { cA: true } })],
  'a leaf that may sign certificates': [
    'LEAF_MAY_SIGN',
    issued({ keyUsage: ['digitalSignature', 'keyCertSign'] }),
  ],
  'a leaf that may sign revocation lists': [
    'LEAF_MAY_SIGN',
    issued({ keyUsage: ['digitalSignature', 'cRLSign'] }),
  ],
  'a leaf that may not sign': ['KEY_USAGE', issued({ keyUsage: ['keyAgreement'] })],
  'two IDs': ['SEVERAL_URI_SANS', issued({ uris: [PEER, 'spiffe://a.test/other'] })],
  'an ID and another URI': ['SEVERAL_URI_SANS', issued({ uris: [PEER, 'https://a.test/'] })],
  'no ID': ['NO_URI_SAN', issued({ uris: [], dns: ['a.test'] })],
  'an ID in the text of a DNS name': ['NO_URI_SAN', issued({ uris: [], dns: [`a.test, URI:${PEER}`] })],
  'an ID in capital letters': ['ID_INVALID', issued({ uris: ['SPIFFE://A.TEST/peer'] })],
  'an ID of a trust domain alone': ['ID_WITHOUT_PATH', issued({ uris: ['spiffe://a.test'] })],
  'a critical extension that nobody knows': [
    'CRITICAL_EXTENSION',
    issued({ extensions: [{ oid: '1.2.3.4', critical: true, value: Buffer.from([5, 0]) }] }),
  ],
  'an intermediate that is no CA': ['ISSUER_MAY_NOT_SIGN', below({ isCA: false, keyUsage: ['keyCertSign'] })],
  'a name that its authority may not give': [
    'NAME_NOT_PERMITTED',
    below({ nameConstraints: { permitted: [{ uri: 'b.test' }] } }),
  ],
  'no intermediate': ['UNKNOWN_AUTHORITY', credentialsOf(leafA(PEER))],
  'a signature that somebody else made': [
    'SIGNATURE',
    credentialsOf(mintLeaf(PEER, { ...issuerA, key: leafA(PEER).key }), issuerA),
  ],
}

/** An issuer with one certificate of an authority that is not in the bundle any more, and one of one that is. */
function signedTwice(): readonly [Minted, Minted] {
  const twice: MintOptions = { subject: 'O=a, CN=twice', key: 'p256/twice' }
  return [
    mintCA({ ...twice, issuer: mintCA({ subject: 'O=a, CN=gone' }) }),
    mintCA({ ...twice, issuer: rootA }),
  ]
}

describe('a server', () => {
  let running: Running
  beforeAll(async () => {
    const options = mtlsServerOptions(source, authorizeMemberOf('a.test'))
    running = await Running.start(attach(createServer('tls', options)))
  })
  afterAll(() => running[Symbol.asyncDispose]())

  const answer = async (credentials: Credentials): Promise<string> => {
    running.refused.length = 0
    return (await visit(running.port, credentials)).received
  }

  test.each(Object.entries(VALID))('admits a client with %s', async (_what, credentials) => {
    expect(await answer(credentials)).toBe(`hello ${PEER}`)
  })

  test.each(Object.entries(INVALID))('refuses a client with %s', async (_what, [code, credentials]) => {
    expect(await answer(credentials)).toBe('')
    expect(running.codes).toEqual([`ERR_SPIFFE_X509_SVID_${code}`])
  })

  test('refuses a client with an intermediate that may not sign', async () => {
    expect(await answer(below({ keyUsage: ['digitalSignature'] }))).toBe('')
    expect(running.codes).toEqual(['ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'])
  })

  test('admits a client whose issuer was signed twice, first by an authority that is gone', async () => {
    const [gone, ours] = signedTwice()
    expect(await answer(credentialsOf(mintLeaf(PEER, ours), ours))).toBe(`hello ${PEER}`)
    expect(await answer(credentialsOf(mintLeaf(PEER, ours), gone, ours))).toBe(`hello ${PEER}`)
    expect(await answer(credentialsOf(mintLeaf(PEER, ours), gone))).toBe('')
  })

  test('admits a client whose Extended Key Usage is for clients, and none for servers alone', async () => {
    expect(await answer(issued({ eku: ['clientAuth'] }))).toBe(`hello ${PEER}`)
    expect(await answer(issued({ eku: ['serverAuth'] }))).toBe('')
    expect(running.codes).toEqual(['ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE'])
  })
})

describe('a client', () => {
  const options = mtlsClientOptions(source, authorizeMemberOf('a.test'))
  const call = async (credentials: Credentials): Promise<string> => {
    await using running = await Running.start(createServer('https', credentials))
    return (await post(running.port, options)).peer
  }

  test.each(Object.entries(VALID))('admits a server with %s', async (_what, credentials) => {
    expect(await call(credentials)).toBe(PEER)
  })

  test.each(Object.entries(INVALID))('refuses a server with %s', async (_what, [code, credentials]) => {
    await expect(call(credentials)).rejects.toMatchObject({ code: `ERR_SPIFFE_X509_SVID_${code}` })
  })

  // OpenSSL, which reads the chain for Node, takes the first that fits by name, and passes over who may not sign.
  test('refuses a server with an intermediate that may not sign', async () => {
    await expect(call(below({ keyUsage: ['digitalSignature'] }))).rejects.toBeInstanceOf(SVIDError)
  })

  test('admits a server whose issuer was signed twice where the certificate that leads to us is first', async () => {
    const [gone, ours] = signedTwice()
    expect(await call(credentialsOf(mintLeaf(PEER, ours), ours, gone))).toBe(PEER)
    await expect(call(credentialsOf(mintLeaf(PEER, ours), gone, ours))).rejects.toBeInstanceOf(SVIDError)
  })

  test('admits a server whose Extended Key Usage is for servers, and none for clients alone', async () => {
    expect(await call(issued({ eku: ['serverAuth'] }))).toBe(PEER)
    await expect(call(issued({ eku: ['clientAuth'] }))).rejects.toMatchObject({
      code: 'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE',
    })
  })
})

// The checkout service: calls orders over mutual TLS, and talks to workloads of its own trust domain only.
import { once } from 'node:events'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { tlsconfig, X509Source } from 'js-spiffe'

const url = process.argv[2] ?? 'https://localhost:8443/'

await using source = await X509Source.create()
const { trustDomain } = source.getX509SVID().id

const options = tlsconfig.mtlsClientOptions(source, tlsconfig.authorizeMemberOf(trustDomain))
const [response] = await once(https.get(url, options), 'response')
console.log(`${tlsconfig.peerID(response)} answers: ${await text(response)}`)

// The checkout service: calls orders with a JWT-SVID that was made for orders.
import { JWTSource } from 'js-spiffe'

const url = process.argv[2] ?? 'http://localhost:8080/'

await using source = await JWTSource.create()

const svid = await source.fetchJWTSVID({ audience: 'orders' })
const response = await fetch(url, { headers: { authorization: `Bearer ${svid.marshal()}` } })
console.log(`${response.status} ${await response.text()}`)

// A token for somebody else is worth nothing here.
const misdirected = await source.fetchJWTSVID({ audience: 'billing' })
const refused = await fetch(url, { headers: { authorization: `Bearer ${misdirected.marshal()}` } })
console.log(`${refused.status} ${await refused.text()}`)

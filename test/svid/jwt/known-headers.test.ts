import { expect, it } from 'vitest'
import { type JWTSVIDHeader, parseAndValidate, parseInsecure } from '../../../src/svid/jwt/index.ts'
import { NOW, token } from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE } from './verdict-of.ts'

const MOST_KNOWN = 16

/** A token whose header has another text than that of any other. */
const numbered = (number: number): string => token(AUTHORITY, { header: { number } })

/** What the header of a token says, after its signature was verified. One that is known is the same object. */
async function verified(text: string): Promise<JWTSVIDHeader> {
  return (await parseAndValidate(text, BUNDLE, 'orders', { now: NOW })).header
}

it('reads a header once that many tokens share', async () => {
  const first = await verified(numbered(0))
  expect(await verified(numbered(0))).toBe(first)
  expect(await verified(numbered(1))).toEqual(first)
  expect(await verified(numbered(1))).not.toBe(first)
})

it('knows the newest 16 headers, and each of them once, however often it is seen', async () => {
  const oldest = await verified(numbered(100))
  for (let at = 1; at < MOST_KNOWN; at++) {
    for (let again = 0; again < MOST_KNOWN; again++) await verified(numbered(100 + at))
  }
  expect(await verified(numbered(100))).toBe(oldest)
  await verified(numbered(100 + MOST_KNOWN))
  expect(await verified(numbered(100))).not.toBe(oldest)
})

it('remembers the header of no token that nobody vouched for', async () => {
  const text = numbered(200)
  const unverified = parseInsecure(text, 'orders', { now: NOW }).header
  expect(await verified(text)).not.toBe(unverified)

  const forged = `${numbered(201).slice(0, -86)}${numbered(200).slice(-86)}`
  await expect(verified(forged)).rejects.toThrow('no valid signature')
  const known = await verified(numbered(202))
  for (let at = 0; at < MOST_KNOWN; at++) {
    const other = `${numbered(300 + at).slice(0, -86)}${numbered(200).slice(-86)}`
    await expect(verified(other)).rejects.toThrow('no valid signature')
  }
  expect(await verified(numbered(202))).toBe(known)
})

import { describe, expect, it } from 'vitest'
import { printable } from '../../src/internal/printable.ts'

describe('printable', () => {
  it('quotes text, and leaves what can be read as it is', () => {
    expect(printable('spiffe://acme.internal/ä')).toBe('"spiffe://acme.internal/ä"')
  })

  it.each([
    ['line feed', '\n', '"\\n"'],
    ['NUL', '\0', '"\\u0000"'],
    ['DEL', '\u007f', '"\\u007f"'],
    ['C1 control', '\u009b', '"\\u009b"'],
    ['zero-width space', '\u200b', '"\\u200b"'],
    ['line separator', '\u2028', '"\\u2028"'],
    ['right-to-left override', '\u202e', '"\\u202e"'],
    ['isolate', '\u2066', '"\\u2066"'],
    ['byte order mark', '\ufeff', '"\\ufeff"'],
    ['quote', '"', '"\\""'],
  ])('writes a %s so that it can be seen and does nothing', (_, text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  it('cuts what is long', () => {
    expect(printable('a'.repeat(120))).toBe(`"${'a'.repeat(120)}"`)
    expect(printable('a'.repeat(121))).toBe(`"${'a'.repeat(120)}…"`)
  })

  it.each([
    '{"alg":"ES256"}',
    '{ "alg":"ES256"}',
    '{\n"alg":"ES256"}',
    '{\t"alg":"ES256"}',
    '{\r\n"a":"ES256"}',
  ])('shows nothing of a JWT with the header %j', (header) => {
    const part = (text: string): string => Buffer.from(text).toString('base64url')
    const token = `${part(header)}.${part('{"sub":"spiffe://td/a"}')}.${'s'.repeat(86)}`
    expect(printable(token)).toBe('"[JWT]"')
    expect(printable(`Bearer ${token}\n`)).toBe('"Bearer [JWT]"')
    expect(printable(`https://td/?token=${token}&a=b`)).toBe('"https://td/?token=[JWT]"')
  })

  it.each(['spiffe://td/eyJ/eyJames', 'ewok.example.org', 'Keyboard-and-Monitor-Service'])(
    'takes %s for no JWT',
    (text) => {
      expect(printable(text)).toBe(`"${text}"`)
    },
  )
})

import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import {
  duplicateIn,
  duplicateMember,
  elementsOf,
  isJSONObject,
  membersOf,
  parseJSONObject,
  uint64Of,
} from '../../src/internal/json.ts'

const LIMITS = { maxBytes: 1000, maxDepth: 4 }

describe('parseJSONObject', () => {
  test('gives value and text of an object', () => {
    const text = ' {"a": [1, {"b": null}]}\r\n\t'
    const read = { value: { a: [1, { b: null }] }, text, duplicate: undefined }
    expect(parseJSONObject(text, LIMITS)).toEqual(read)
    expect(parseJSONObject(Buffer.from(text), LIMITS)).toEqual(read)
  })

  test('reads UTF-8 beyond ASCII and a view of a larger buffer', () => {
    const bytes = Buffer.from('x{"é":"\u{1f511}"}x')
    expect(parseJSONObject(bytes.subarray(1, -1), LIMITS).value).toEqual({ é: '\u{1f511}' })
  })

  test.each([
    ['an array', '[]', '{}'],
    ['null', 'null', '{}'],
    ['a string', '"{}"', '{}'],
    ['a number', '1', '{}'],
    ['no text at all', '', '{}'],
    ['a text cut short', '{"a":1', '{"a":1}'],
    ['an unended string', '{"a":"', '{"a":""}'],
    ['bytes after the end', '{}{}', '{}'],
    ['a comma at the end', '{"a":1,}', '{"a":1}'],
    ['single quotes', "{'a':1}", '{"a":1}'],
    ['a comment', '{}//', '{}'],
    ['a byte order mark', '\ufeff{}', '{}'],
    ['a control character in a string', '{"a":"\n"}', '{"a":"\\n"}'],
    ['a number that JSON has not', '{"a":01}', '{"a":1}'],
    ['NaN', '{"a":NaN}', '{"a":null}'],
    ['closing brackets alone', ']]', '{}'],
  ])('refuses %s', (_, refused, valid) => {
    expect(parseJSONObject(valid, LIMITS).text).toBe(valid)
    for (const input of [refused, Buffer.from(refused)]) {
      expect(() => parseJSONObject(input, LIMITS)).toThrow(
        expect.objectContaining({ name: 'SpiffeError', code: 'ERR_SPIFFE_JSON_MALFORMED' }),
      )
    }
  })

  test('refuses bytes that are not UTF-8', () => {
    expect(parseJSONObject(Buffer.from('{"a":"é"}'), LIMITS).value).toEqual({ a: 'é' })
    expect(() => parseJSONObject(Buffer.from('{"a":"é"}', 'latin1'), LIMITS)).toThrow(/not UTF-8/)
  })

  test('bounds the size of text and of bytes', () => {
    const object = (size: number): string => `{"a":"${'x'.repeat(size - 8)}"}`
    expect(parseJSONObject(object(1000), LIMITS).text).toHaveLength(1000)
    expect(parseJSONObject(Buffer.from(object(1000)), LIMITS).text).toHaveLength(1000)
    expect(() => parseJSONObject(object(1001), LIMITS)).toThrow(/larger than 1000 bytes/)
    expect(() => parseJSONObject(Buffer.from(object(1001)), LIMITS)).toThrow(/larger than 1000 bytes/)
  })

  test('bounds the depth of objects and of arrays, and counts no bracket that is text', () => {
    expect(parseJSONObject('{"a":[[{}],{"[[[[\\"[":"}{{{{{"},[[]]]}', LIMITS).value).toBeDefined()
    expect(() => parseJSONObject('{"a":[[{"b":{}}]]}', LIMITS)).toThrow(/deeper than 4 levels/)
    expect(() => parseJSONObject('{"a":[[[[]]]]}', LIMITS)).toThrow(/deeper than 4 levels/)
  })

  test.each([
    ['an array', '{"a":[1,2,3]}', '{"a":[1,2,3,4]}'],
    ['an object', '{"a":1,"b":2,"c":3}', '{"a":1,"b":2,"c":3,"d":4}'],
    ['an array within', '{"a":[[],[[],[],"1,2,3"],{}]}', '{"a":[[],[0,0,0,0]]}'],
    ['an array behind another', '{"a":[1,2,3],"b":[1,2,3]}', '{"a":[1,2,3],"b":[1,2,3,4]}'],
  ])('bounds how much there is in %s', (_, valid, refused) => {
    const limits = { ...LIMITS, maxChildren: 3 }
    expect(parseJSONObject(refused, LIMITS).text).toBe(refused)
    expect(parseJSONObject(valid, limits).text).toBe(valid)
    expect(() => parseJSONObject(refused, limits)).toThrow(/more than 3 values/)
  })

  test.each([
    ['members', 4, '{"a":1,"b":2,"c":3}', '{"a":1,"b":2,"c":3,"d":4}'],
    ['elements', 4, '{"a":[1,2]}', '{"a":[1,2,3]}'],
    ['objects in one another', 3, '{"a":{"b":1}}', '{"a":{"b":{"c":1}}}'],
    ['what is empty, as if it were not', 4, '{"a":[],"b":0}', '{"a":[],"b":[]}'],
  ])('bounds how many values there are in all: %s', (_, maxValues, valid, refused) => {
    expect(parseJSONObject(refused, LIMITS).text).toBe(refused)
    expect(parseJSONObject(valid, { ...LIMITS, maxValues }).text).toBe(valid)
    expect(() => parseJSONObject(refused, { ...LIMITS, maxValues })).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_JSON_TOO_LARGE' }),
    )
  })

  test('counts before it parses', () => {
    const parseJSON = vi.spyOn(JSON, 'parse')
    for (const text of ['[0,0', '{"a":[0,0', '[[']) {
      expect(() => parseJSONObject(text, { ...LIMITS, maxValues: 2 })).toThrow(/more than 2 values/)
    }
    expect(() => parseJSONObject(']],,', LIMITS)).toThrow(/grammar/)
    expect(parseJSON).not.toHaveBeenCalled()
    parseJSON.mockRestore()
  })

  test('counts the depth before it parses', () => {
    const open = '['.repeat(900)
    expect(() => parseJSONObject(open, LIMITS)).toThrow(/deeper than 4 levels/)
  })

  test('shows nothing of the text it refuses, also not in the cause', () => {
    expect.assertions(2)
    try {
      parseJSONObject('{"kid":"secret" "a"}', LIMITS)
    } catch (error) {
      expect(inspect(error)).toContain('ERR_SPIFFE_JSON_MALFORMED')
      expect(inspect(error)).not.toContain('secret')
    }
  })

  test('gives a member __proto__ as a member', () => {
    const { value } = parseJSONObject('{"__proto__":{"use":"jwt-svid"}}', LIMITS)
    expect(Object.hasOwn(value, '__proto__')).toBe(true)
    expect(value['use']).toBeUndefined()
  })
})

describe('membersOf', () => {
  test.each([
    ['{}', []],
    [' { } ', []],
    ['{"a":1}', [['a', '1']]],
    [
      '{"a" : [1, 2] , "b":{"c":"}"},"d":"x,y:z"}',
      [
        ['a', '[1, 2]'],
        ['b', '{"c":"}"}'],
        ['d', '"x,y:z"'],
      ],
    ],
    [
      '{"a":1,"a":2}',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['{"":18446744073709551615}', [['', '18446744073709551615']]],
    [
      '{"\\u0061":1,"b\\"c":2,"d\\\\":3,"e\\\\\\"":4}',
      [
        ['a', '1'],
        ['b"c', '2'],
        ['d\\', '3'],
        ['e\\"', '4'],
      ],
    ],
    ['\n{\t"a"\r:\n"b\\\\"}', [['a', '"b\\\\"']]],
  ])('cuts %s apart', (text, members) => {
    expect(JSON.parse(text)).toBeDefined()
    expect(membersOf(text)).toEqual(members)
  })
})

describe('elementsOf', () => {
  test.each([
    ['[]', []],
    [' [ ] ', []],
    ['[1]', ['1']],
    ['[ {"a":[1,2]} , "]," ,[],null]', ['{"a":[1,2]}', '"],"', '[]', 'null']],
    ['[[[1,2],[3]],4]', ['[[1,2],[3]]', '4']],
  ])('cuts %s apart', (text, elements) => {
    expect(JSON.parse(text)).toBeDefined()
    expect(elementsOf(text)).toEqual(elements)
  })
})

describe('duplicateMember', () => {
  test.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"exp":1,"\\u0065xp":2}', 'exp'],
    ['{"":1,"b":{},"":[]}', ''],
    ['{"a":1,"b":2,"b":3,"a":4}', 'b'],
    ['{"__proto__":1,"__proto__":1}', '__proto__'],
    ['{"a":1,"a":""}', 'a'],
    ['{"a":{"b":1},"a":1}', 'a'],
  ])('finds the one in %s', (text, name) => {
    expect(duplicateMember(text)).toBe(name)
    expect(duplicateIn(JSON.parse(text), text)).toBe(name)
  })

  test.each([
    '{}',
    '{"a":1,"A":1}',
    '{"a":{"a":1},"b":[{"a":1},{"a":1}],"c":"a"}',
    '{"a":"\\"a\\":1,\\"a\\":1"}',
  ])('finds none in %s', (text) => {
    expect(JSON.parse(text)).toBeDefined()
    expect(duplicateMember(text)).toBeUndefined()
    expect(duplicateIn(JSON.parse(text), text)).toBeUndefined()
  })
})

describe('uint64Of', () => {
  test.each([
    ['0', 0n],
    ['7', 7n],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['18446744073709551615', 2n ** 64n - 1n],
  ])('reads %s without loss', (text, value) => {
    expect(uint64Of(text)).toBe(value)
  })

  test.each([
    '18446744073709551616',
    '99999999999999999999',
    '100000000000000000000',
    '-1',
    '-0',
    '1.0',
    '1e3',
    '1E3',
    '"1"',
    'null',
    'true',
    '[]',
    '',
  ])('refuses %s', (text) => {
    expect(uint64Of(text)).toBeUndefined()
  })
})

test('an object is one that JSON calls so', () => {
  expect(isJSONObject({})).toBe(true)
  for (const other of [[], null, 'a', 1, true, undefined]) expect(isJSONObject(other)).toBe(false)
})

import { describe, expect, it } from 'vitest'
import { asBuffer, bytesKey, concatBytes, copyBytes, equalBytes } from '../../src/internal/bytes.ts'

describe('equalBytes', () => {
  it('tells equal bytes from others of the same and of another length', () => {
    expect(equalBytes(Uint8Array.of(1, 2, 3), Buffer.from([1, 2, 3]))).toBe(true)
    expect(equalBytes(Uint8Array.of(), Uint8Array.of())).toBe(true)
    expect(equalBytes(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4))).toBe(false)
    expect(equalBytes(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2))).toBe(false)
  })
})

describe('concatBytes', () => {
  it('puts bytes one after the other, and none where there are none', () => {
    expect([...concatBytes([Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)])]).toEqual([1, 2, 3])
    expect(concatBytes([])).toHaveLength(0)
  })
})

describe('copyBytes', () => {
  it('gives bytes that do not change with the ones they came from', () => {
    const original = Buffer.from([1, 2, 3])
    const copy = copyBytes(original)
    original[0] = 9
    expect([...copy]).toEqual([1, 2, 3])
    expect(copy.buffer.byteLength).toBe(3)
    expect(Buffer.isBuffer(copy)).toBe(false)
  })
})

describe('asBuffer', () => {
  it('is a view of the same bytes, and a Buffer itself', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4)
    const view = asBuffer(bytes.subarray(1, 3))
    expect([...view]).toEqual([2, 3])
    bytes[1] = 9
    expect([...view]).toEqual([9, 3])
    expect(asBuffer(view)).toBe(view)
  })
})

describe('bytesKey', () => {
  it('is the same for equal bytes, wherever they are in memory, and for no others', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    expect(bytesKey(all)).toHaveLength(256)
    expect(bytesKey(Buffer.from(all))).toBe(bytesKey(all))
    expect(bytesKey(all.subarray(5, 9))).toBe(bytesKey(Uint8Array.of(5, 6, 7, 8)))
    expect(bytesKey(Uint8Array.of(0x80))).not.toBe(bytesKey(Uint8Array.of(0xc2, 0x80)))
  })
})

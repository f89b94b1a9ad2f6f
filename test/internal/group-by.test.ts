import { describe, expect, it } from 'vitest'
import { groupBy } from '../../src/internal/group-by.ts'

describe('groupBy', () => {
  it('groups items by their key, in the order that they come in', () => {
    expect([...groupBy(['b1', 'a1', 'b2'], ([key]) => key)]).toEqual([
      ['b', ['b1', 'b2']],
      ['a', ['a1']],
    ])
    expect(groupBy([], String).size).toBe(0)
  })
})

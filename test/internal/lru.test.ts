import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LRU } from '../../src/internal/lru.ts'
import { fuzzRuns } from '../support/fuzz.ts'

describe('LRU', () => {
  it('forgets what was asked for least recently', () => {
    const lru = new LRU<string, number>(2)
    lru.set('a', 1)
    lru.set('b', 2)
    expect(lru.get('a')).toBe(1)
    lru.set('c', 3)
    expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([1, undefined, 3])
  })

  it('takes a new value for a key as a use of it', () => {
    const lru = new LRU<string, number>(2)
    lru.set('a', 1)
    lru.set('b', 2)
    lru.set('a', 3)
    lru.set('c', 4)
    expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([3, undefined, 4])
  })

  it('forgets one key when told to', () => {
    const lru = new LRU<string, number>(3)
    lru.set('a', 1)
    lru.set('b', 2)
    expect([lru.delete('a'), lru.delete('a'), lru.get('a'), lru.get('b')]).toEqual([
      true,
      false,
      undefined,
      2,
    ])
  })

  it('shows its entries, which is no use of them', () => {
    const lru = new LRU<string, number>(2)
    lru.set('a', 1)
    lru.set('b', 2)
    expect(new Map(lru)).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
    lru.set('c', 3)
    expect([...lru].map(([key]) => key).sort()).toEqual(['b', 'c'])
  })

  it('does what a plain list in order of use would do', () => {
    const step = fc.record({ action: fc.constantFrom('get', 'set', 'delete'), key: fc.nat(6) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const lru = new LRU<number, number>(4)
        let model: [number, number][] = []
        steps.forEach(({ action, key }, i) => {
          const entry = model.find(([other]) => other === key)
          const others = model.filter(([other]) => other !== key)
          if (action === 'get') {
            expect(lru.get(key)).toBe(entry?.[1])
            if (entry !== undefined) model = [...others, entry]
          } else if (action === 'set') {
            lru.set(key, i)
            model = [...others, [key, i] satisfies [number, number]].slice(-4)
          } else {
            expect(lru.delete(key)).toBe(entry !== undefined)
            model = others
          }
          expect([lru.size, [...lru].length]).toEqual([model.length, model.length])
        })
      }),
      fuzzRuns(),
    )
  })
})

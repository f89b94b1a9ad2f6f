import { describe, expect, it } from 'vitest'
import { integer, oid, primitive, sequence } from '../../support/der-writer.ts'
import { type ExtensionInput, type Minted, type MintOptions, mintCA, mintLeaf } from '../../support/mint.ts'
import { bundleOf, verdict } from './verdict-of.ts'

const ANY = '2.5.29.32.0'
const REFUSED = 'ERR_SPIFFE_X509_SVID_POLICY'

/** What a certificate says about policies; `self` issues it to the name of its issuer. */
interface Says {
  readonly policies?: readonly string[]
  readonly map?: readonly (readonly [string, string])[]
  readonly require?: number
  readonly inhibitMapping?: number
  readonly inhibitAny?: number
  readonly self?: true
}

function extensionsOf({
  policies,
  map,
  require,
  inhibitMapping,
  inhibitAny,
}: Says): readonly ExtensionInput[] {
  const count = (tag: number, value: number | undefined): Uint8Array[] =>
    value === undefined ? [] : [primitive(tag, Buffer.from([value]))]
  const constraints = [...count(0, require), ...count(1, inhibitMapping)]
  return [
    ...(policies
      ? [
          {
            oid: '2.5.29.32',
            critical: true,
            value: sequence(...policies.map((each) => sequence(oid(each)))),
          },
        ]
      : []),
    ...(map
      ? [
          {
            oid: '2.5.29.33',
            critical: true,
            value: sequence(...map.map(([from, to]) => sequence(oid(from), oid(to)))),
          },
        ]
      : []),
    ...(constraints.length > 0
      ? [{ oid: '2.5.29.36', critical: true, value: sequence(...constraints) }]
      : []),
    ...(inhibitAny === undefined ? [] : [{ oid: '2.5.29.54', critical: true, value: integer(inhibitAny) }]),
  ]
}

/** What becomes of a path below an authority: the leaf stands last. */
function verdictFor(...path: readonly Says[]): string {
  const authority = mintCA({ subject: 'CN=authority' })
  const [leaf = {}] = path.slice(-1)
  const intermediates: Minted[] = []
  let issuer = authority
  for (const [i, says] of path.slice(0, -1).entries()) {
    const options: MintOptions = { issuer, extensions: extensionsOf(says), key: `p256/policies ${i}` }
    issuer = mintCA({ ...options, subject: says.self ? issuer.subject : `CN=ca ${i}` })
    intermediates.push(issuer)
  }
  const svid = mintLeaf('spiffe://acme.internal/orders', issuer, {
    extensions: extensionsOf(leaf),
    ...(leaf.self ? { subject: issuer.subject } : {}),
  })
  return verdict([svid, ...intermediates], bundleOf(authority))
}

const A = '1.3.6.1.4.1.99999.1'
const B = '1.3.6.1.4.1.99999.2'
const C = '1.3.6.1.4.1.99999.3'

describe('certificate policies', () => {
  it.each<[string, readonly Says[], 'accepted' | typeof REFUSED]>([
    ['nobody asks for one', [{}, {}], 'accepted'],
    ['nobody asks for one, and they differ', [{ policies: [A] }, { policies: [B] }], 'accepted'],
    ['one is required, and all have it', [{ policies: [A], require: 0 }, { policies: [A] }], 'accepted'],
    ['one is required, and the leaf has none', [{ policies: [A], require: 0 }, {}], REFUSED],
    [
      'one is required, and the leaf has another',
      [{ policies: [A], require: 0 }, { policies: [B] }],
      REFUSED,
    ],
    [
      'one is required, and the leaf has it among others',
      [{ policies: [A], require: 0 }, { policies: [B, A] }],
      'accepted',
    ],
    ['one is required, and the CA has none', [{ require: 0 }, { policies: [A] }], REFUSED],
    [
      'one is required, and the CA above has none',
      [{}, { policies: [A], require: 0 }, { policies: [A] }],
      REFUSED,
    ],
    [
      'one is required of an intermediate, and it has none',
      [{ policies: [A], require: 0 }, {}, { policies: [A] }],
      REFUSED,
    ],
    [
      'one is required after one certificate, and the leaf is the first',
      [{ policies: [A], require: 1 }, { policies: [B] }],
      REFUSED,
    ],
    [
      'one is required after two certificates, and the leaf is the first',
      [{ require: 2 }, { policies: [B] }],
      'accepted',
    ],
    ['one is required after one certificate, and the leaf is the second', [{ require: 1 }, {}, {}], REFUSED],
    [
      'one is required after three certificates, and the leaf is the second',
      [{ require: 3 }, {}, {}],
      'accepted',
    ],
    [
      'a later CA asks for it later',
      [{ require: 0, policies: [A] }, { require: 5, policies: [A] }, {}],
      REFUSED,
    ],
    [
      'a later CA asks for it sooner',
      [{ require: 5, policies: [A] }, { require: 0, policies: [A] }, {}],
      REFUSED,
    ],
    [
      'what is issued to the name of its issuer does not count',
      [{ require: 2 }, { self: true }, {}],
      'accepted',
    ],
    ['what is issued to another name counts', [{ require: 2 }, {}, {}], REFUSED],
    ['the leaf requires one and has it', [{ policies: [A] }, { policies: [A], require: 0 }], 'accepted'],
    ['the leaf requires one and has none', [{ policies: [A] }, { require: 0 }], REFUSED],
    ['the leaf requires one later', [{ policies: [A] }, { require: 1 }], 'accepted'],
    ['the CA has any, and the leaf one', [{ policies: [ANY], require: 0 }, { policies: [A] }], 'accepted'],
    ['the leaf has any', [{ policies: [A], require: 0 }, { policies: [ANY] }], 'accepted'],
    [
      'the leaf has any, which is inhibited',
      [{ policies: [A], require: 0, inhibitAny: 0 }, { policies: [ANY] }],
      REFUSED,
    ],
    [
      'the leaf has any and the right one, and any is inhibited',
      [{ policies: [A], require: 0, inhibitAny: 0 }, { policies: [ANY, A] }],
      'accepted',
    ],
    [
      'any is inhibited, and nothing else is expected',
      [{ policies: [ANY], require: 0, inhibitAny: 0 }, { policies: [ANY] }],
      REFUSED,
    ],
    [
      'any is inhibited, and a leaf with the name of its issuer has it',
      [
        { policies: [A], require: 0, inhibitAny: 0 },
        { policies: [ANY], self: true },
      ],
      REFUSED,
    ],
    ['none is left to be mapped, and nobody asks for one', [{ map: [[A, B]] }, {}], 'accepted'],
    [
      'any is inhibited after one certificate',
      [{ policies: [A], require: 0, inhibitAny: 1 }, { policies: [ANY] }],
      'accepted',
    ],
    [
      'any is inhibited, and an intermediate has it',
      [{ policies: [A], require: 0, inhibitAny: 0 }, { policies: [ANY] }, { policies: [A] }],
      REFUSED,
    ],
    [
      'any is inhibited, and an intermediate with the name of its issuer has it',
      [{ policies: [A], require: 0, inhibitAny: 0 }, { policies: [ANY], self: true }, { policies: [A] }],
      'accepted',
    ],
    [
      'any is inhibited after one certificate, the second has it',
      [{ policies: [A], require: 0, inhibitAny: 1 }, { policies: [A] }, { policies: [ANY] }],
      REFUSED,
    ],
    ['a policy is mapped', [{ policies: [A], require: 0, map: [[A, B]] }, { policies: [B] }], 'accepted'],
    ['a policy is mapped away', [{ policies: [A], require: 0, map: [[A, B]] }, { policies: [A] }], REFUSED],
    [
      'a policy is mapped to two',
      [
        {
          policies: [A],
          require: 0,
          map: [
            [A, B],
            [A, C],
          ],
        },
        { policies: [C] },
      ],
      'accepted',
    ],
    [
      'two policies are swapped',
      [
        {
          policies: [A, B],
          require: 0,
          map: [
            [A, B],
            [B, A],
          ],
        },
        { policies: [A] },
      ],
      'accepted',
    ],
    [
      'a policy is mapped that the CA does not have',
      [{ policies: [A], require: 0, map: [[C, B]] }, { policies: [B] }],
      REFUSED,
    ],
    [
      'a policy is mapped by a CA that has any',
      [{ policies: [ANY], require: 0, map: [[A, B]] }, { policies: [B] }],
      'accepted',
    ],
    [
      'mapping is inhibited',
      [{ policies: [A], inhibitMapping: 0 }, { policies: [A], require: 0, map: [[A, B]] }, { policies: [B] }],
      REFUSED,
    ],
    [
      'mapping is inhibited, and ends the policy',
      [{ policies: [A], inhibitMapping: 0 }, { policies: [A], require: 0, map: [[A, B]] }, { policies: [A] }],
      REFUSED,
    ],
    [
      'mapping is inhibited, and another policy is left',
      [
        { policies: [A, C], inhibitMapping: 0 },
        { policies: [A, C], require: 0, map: [[A, B]] },
        { policies: [C] },
      ],
      'accepted',
    ],
    [
      'mapping is inhibited after one certificate',
      [{ policies: [A], inhibitMapping: 1 }, { policies: [A], require: 0, map: [[A, B]] }, { policies: [B] }],
      'accepted',
    ],
    [
      'mapping is inhibited after one certificate, the second maps',
      [
        { policies: [A], inhibitMapping: 1 },
        { policies: [A] },
        { policies: [A], require: 0, map: [[A, B]] },
        { policies: [B] },
      ],
      REFUSED,
    ],
    ['any policy is mapped from', [{ policies: [ANY], map: [[ANY, B]] }, { policies: [B] }], REFUSED],
    ['any policy is mapped to', [{ policies: [A], map: [[A, ANY]] }, { policies: [A] }], REFUSED],
    [
      'the leaf maps, which says nothing',
      [
        { policies: [A], require: 0 },
        { policies: [A], map: [[A, ANY]] },
      ],
      'accepted',
    ],
    [
      'a policy is lost and does not come back',
      [{ policies: [A] }, { policies: [B] }, { policies: [A], require: 0 }, { policies: [A] }],
      REFUSED,
    ],
  ])('%s', (_, path, expected) => {
    expect(verdictFor(...path)).toBe(expected)
  })

  it('of an authority ask for nothing: it is trusted as it is', () => {
    const authority = mintCA({ extensions: extensionsOf({ policies: [A], require: 0, inhibitAny: 0 }) })
    expect(verdict([mintLeaf('spiffe://acme.internal/orders', authority)], bundleOf(authority))).toBe(
      'accepted',
    )
  })
})

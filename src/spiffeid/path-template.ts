import { printable } from '../internal/printable.ts'
import { SpiffeIDError } from './error.ts'
import { type Matcher, withTrustDomains } from './matcher.ts'
import { assertText, joinPathSegments, validatePath } from './path.ts'
import { SpiffeID } from './spiffe-id.ts'
import { TrustDomain } from './trust-domain.ts'

const VARIABLE = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/

/** The names of the variables in the text of a template: `'ns' | 'sa'` for `/ns/{ns}/sa/{sa}`. */
export type TemplateVariable<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | TemplateVariable<Rest>
  : never

/** A value for each variable of a template; any names where its text is not known when compiling. */
export type TemplateValues<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in TemplateVariable<Path>]: string }

/** A segment of a template: a variable's name, or a text that must be there as it is. */
interface Part {
  readonly text: string
  readonly isVariable: boolean
}

/**
 * The shape of paths, such as `/ns/{ns}/sa/{sa}`: reads values out of IDs, makes IDs out of values, and admits
 * the IDs that fit. Made by {@link template}.
 */
export class PathTemplate<Path extends string = string> {
  /** The text of the template. */
  readonly path: Path

  readonly #parts: readonly Part[]

  private constructor(path: Path) {
    this.path = path
    this.#parts = parseParts(path)
    Object.freeze(this)
  }

  /** Reads a template; as {@link template}. */
  static parse<const Path extends string>(path: Path): PathTemplate<Path> {
    return new PathTemplate(path)
  }

  /**
   * The values that an ID has where the template has variables, of whichever trust domain it is: the ID must
   * have been authorized already, as by {@link PathTemplate.matcher}.
   *
   * @returns `undefined` where the path of the ID does not fit.
   */
  match(id: SpiffeID | string): TemplateValues<Path> | undefined {
    const segments = SpiffeID.from(id).segments
    if (segments.length !== this.#parts.length) return undefined
    const values: [name: string, value: string][] = []
    for (const [at, { text, isVariable }] of this.#parts.entries()) {
      const segment = segments[at] ?? ''
      if (isVariable) values.push([text, segment])
      else if (segment !== text) return undefined
    }
    return Object.freeze(Object.fromEntries(values)) as TemplateValues<Path>
  }

  /**
   * The ID of a trust domain that has these values.
   *
   * @param values - One segment for each variable.
   * @throws {@link SpiffeIDError} when a value is not a path segment, or the ID as a whole is too long.
   * @throws `TypeError` when a value is missing.
   */
  fill(trustDomain: TrustDomain | string, values: TemplateValues<Path>): SpiffeID {
    const given = new Map<string, unknown>(Object.entries(values))
    const segments = this.#parts.map(({ text, isVariable }) => {
      if (!isVariable) return text
      const value = given.get(text)
      assertText(value, `the value of {${text}}`)
      return value
    })
    return SpiffeID.fromPath(trustDomain, joinPathSegments(...segments))
  }

  /**
   * Admits the IDs of a trust domain that fit; as a matcher, and as an authorizer of mTLS and tokens.
   *
   * @param trustDomain - Whose IDs; a string is parsed strictly.
   * @param where - Decides by the values, like a {@link Matcher}; all that fit are admitted without it.
   * @example
   * ```ts
   * import { template } from 'js-spiffe/spiffeid'
   *
   * const production = template('/ns/{ns}/sa/{sa}').matcher('acme.internal', ({ ns }) => ns === 'prod')
   * ```
   */
  matcher<P = unknown>(
    trustDomain: TrustDomain | string,
    where: (values: TemplateValues<Path>, id: SpiffeID, peer: P) => boolean | string = () => true,
  ): Matcher<P> {
    const expected = TrustDomain.from(trustDomain)
    if (typeof where !== 'function') throw new TypeError('where must be a function')
    return withTrustDomains([expected], (id, peer) => {
      const values = id.memberOf(expected) ? this.match(id) : undefined
      return values === undefined
        ? `${id} does not fit ${expected.idString}${this.path}`
        : where(values, id, peer)
    })
  }
}

/**
 * Reads a path template.
 *
 * Each segment is either a text or one variable in braces, which stands for exactly one segment.
 *
 * @param path - Such as `/ns/{ns}/sa/{sa}`; TypeScript takes the names of the variables from it.
 * @throws {@link SpiffeIDError} `ERR_SPIFFE_ID_TEMPLATE` when a variable is malformed or occurs twice or there is
 * no segment at all, and the codes of a path for the rest.
 * @throws `TypeError` when it is not a string.
 * @example
 * ```ts
 * import { SpiffeID, template } from 'js-spiffe/spiffeid'
 *
 * const workload = template('/ns/{ns}/sa/{sa}')
 * const values = workload.match('spiffe://acme.internal/ns/prod/sa/orders')
 * console.log(values?.ns, values?.sa) // prod orders
 * console.log(`${workload.fill('acme.internal', { ns: 'test', sa: 'orders' })}`)
 * // spiffe://acme.internal/ns/test/sa/orders
 * ```
 */
export function template<const Path extends string>(path: Path): PathTemplate<Path> {
  return PathTemplate.parse(path)
}

function parseParts(path: string): readonly Part[] {
  assertText(path, 'a path template')
  if (path === '') throw refusedTemplate(path, 'has no segment')
  const parts = path
    .split('/')
    .slice(1)
    .map((segment) => parsePart(path, segment))
  const names = parts.flatMap(({ text, isVariable }) => (isVariable ? [text] : []))
  if (new Set(names).size < names.length) throw refusedTemplate(path, 'has the same variable twice')
  validatePath(path.replaceAll(/[{}]/g, ''))
  return parts
}

function parsePart(path: string, segment: string): Part {
  const name = VARIABLE.exec(segment)?.[1]
  if (name !== undefined) return { text: name, isVariable: true }
  if (/[{}]/.test(segment)) throw refusedTemplate(path, `has ${printable(segment)} where a variable would be`)
  return { text: segment, isVariable: false }
}

function refusedTemplate(path: string, detail: string): SpiffeIDError {
  return new SpiffeIDError('ERR_SPIFFE_ID_TEMPLATE', `the path template ${printable(path)} ${detail}`)
}

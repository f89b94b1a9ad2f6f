import { printable } from '../internal/printable.ts'
import { SpiffeIDError } from './error.ts'
import { type Matcher, matcherOf } from './matcher.ts'
import { validatePath, validatePathSegment } from './path.ts'
import { SpiffeID } from './spiffe-id.ts'
import { assertText } from './text.ts'
import { TrustDomain } from './trust-domain.ts'

const WHOLE_VARIABLE = /^\{[A-Za-z][A-Za-z0-9_]*\}$/
const VARIABLE = /\{([A-Za-z][A-Za-z0-9_]*)\}/g

/** The names of the variables in the text of a template: `'ns' | 'sa'` for `/ns/{ns}/sa/{sa}`. */
export type TemplateVariable<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | TemplateVariable<Rest>
  : never

/** A value for each variable of a template; any names where its text is not known when compiling. */
export type TemplateValues<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in TemplateVariable<Path>]: string }

/**
 * The shape of paths, such as `/ns/{ns}/sa/{sa}`: reads values out of IDs, makes IDs out of values, and admits
 * the IDs that fit. Made by {@link template}.
 */
export class PathTemplate<Path extends string = string> {
  /** The text of the template. */
  readonly path: Path

  readonly #pattern: RegExp

  private constructor(path: Path) {
    assertTemplate(path)
    this.path = path
    this.#pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(VARIABLE, '(?<$1>[^/]+)')}$`)
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
   * @param id - The ID; a string is parsed strictly.
   * @returns `undefined` where the path of the ID does not fit.
   * @throws `SpiffeIDError` when the string is not a SPIFFE ID.
   */
  match(id: SpiffeID | string): TemplateValues<Path> | undefined {
    const fit = this.#pattern.exec(SpiffeID.from(id).path)
    return fit === null ? undefined : (Object.freeze({ ...fit.groups }) as TemplateValues<Path>)
  }

  /**
   * The ID of a trust domain that has these values.
   *
   * @param values - One segment for each variable.
   * @throws `SpiffeIDError` when a value is not a path segment, or the ID as a whole is too long.
   * @throws `TypeError` when a value is missing.
   */
  fill(trustDomain: TrustDomain | string, values: TemplateValues<Path>): SpiffeID {
    const given = new Map<string, unknown>(Object.entries(values))
    const path = this.path.replaceAll(VARIABLE, (_, name: string) => {
      const value = given.get(name)
      assertText(value, `the value of {${name}}`)
      validatePathSegment(value)
      return value
    })
    return SpiffeID.fromPath(trustDomain, path)
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
    return matcherOf([expected], (id, peer) => {
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
 * @throws `SpiffeIDError` `ERR_SPIFFE_ID_TEMPLATE` when a variable is malformed or occurs twice or there is
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

function assertTemplate(path: string): void {
  assertText(path, 'a path template')
  if (path === '') throw refusedTemplate(path, 'has no segment')
  for (const segment of path.split('/')) {
    if (/[{}]/.test(segment.replace(WHOLE_VARIABLE, ''))) {
      throw refusedTemplate(path, `has ${printable(segment)} where a variable would be`)
    }
  }
  const variables = path.match(VARIABLE) ?? []
  if (new Set(variables).size < variables.length) throw refusedTemplate(path, 'has the same variable twice')
  validatePath(path.replaceAll(/[{}]/g, ''))
}

function refusedTemplate(path: string, detail: string): SpiffeIDError {
  return new SpiffeIDError('ERR_SPIFFE_ID_TEMPLATE', `the path template ${printable(path)} ${detail}`)
}

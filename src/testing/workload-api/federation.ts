import { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { X509Bundle } from '../../bundle/x509/x509-bundle.ts'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { Authority } from '../authority/authority.ts'
import { consequences } from './agent-rules.ts'

interface Partner {
  readonly x509?: () => X509Bundle
  readonly jwt?: () => JWTBundle
  readonly leave?: () => void
}

/** The foreign trust domains whose bundles workloads get along with their own. */
export class Federation {
  readonly #own: TrustDomain
  readonly #changed: (partner: TrustDomain) => void
  readonly #partners = new Map<string, Partner>()

  /** @param changed - Told whose bundles are others now. */
  constructor(own: TrustDomain, changed: (partner: TrustDomain) => void) {
    this.#own = own
    this.#changed = changed
  }

  get x509Bundles(): readonly X509Bundle[] {
    return [...this.#partners.values()].flatMap(({ x509 }) => (x509 === undefined ? [] : [x509()]))
  }

  get jwtBundles(): readonly JWTBundle[] {
    return [...this.#partners.values()].flatMap(({ jwt }) => (jwt === undefined ? [] : [jwt()]))
  }

  /** Follows an authority through its rotations, or takes a bundle as it is, in place of the one before. */
  add(partner: Authority | X509Bundle | JWTBundle): void {
    const { trustDomain } = partner
    const { name } = trustDomain
    if (trustDomain.equals(this.#own)) throw new TypeError(`${name} cannot federate with itself`)
    if (partner instanceof Authority) this.#follow(partner)
    else if (partner instanceof X509Bundle) this.#merge(name, { x509: () => partner })
    else if (partner instanceof JWTBundle) this.#merge(name, { jwt: () => partner })
    else throw new TypeError('a trust domain federates with a WorkloadAPI, an Authority or a bundle')
    this.#changed(trustDomain)
  }

  /** @returns Whether there was such a partner. */
  delete(trustDomain: TrustDomain | string): boolean {
    const partner = TrustDomain.from(trustDomain)
    this.#partners.get(partner.name)?.leave?.()
    const left = this.#partners.delete(partner.name)
    if (left) this.#changed(partner)
    return left
  }

  /** Follows nobody any more. */
  close(): void {
    for (const { leave } of this.#partners.values()) leave?.()
    this.#partners.clear()
  }

  #follow(authority: Authority): void {
    const { name } = authority.trustDomain
    this.#partners.get(name)?.leave?.()
    this.#partners.set(name, {
      x509: () => authority.x509Bundle,
      jwt: () => authority.jwtBundle,
      // Of what becomes of a foreign authority only its bundle is seen here.
      leave: authority.onStep(({ of, step }) => {
        if (consequences[of][step] === 'a message') this.#changed(authority.trustDomain)
      }),
    })
  }

  #merge(name: string, bundle: Pick<Partner, 'x509' | 'jwt'>): void {
    this.#partners.set(name, { ...this.#partners.get(name), ...bundle })
  }
}

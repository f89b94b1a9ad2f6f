import { createSecureContext, type SecureContext } from 'node:tls'

let made: SecureContext | undefined

/**
 * The context of connections that must fail: it completes no handshake with anybody, whatever other options say.
 *
 * TLS 1.3 alone, in which nobody may sign a handshake with the one algorithm that it allows (RFC 8446 §4.2.3).
 */
export function unusableContext(): SecureContext {
  made ??= createSecureContext({
    ca: [],
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    sigalgs: 'RSA+SHA256',
  })
  return made
}

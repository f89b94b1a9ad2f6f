/** What is known of a code before anything went wrong: the rule behind it and the way out. */
interface ErrorCodeEntry {
  readonly rule: string
  readonly remedy: string
}

/**
 * Every code of {@link SpiffeError}, with the rule it stands for and what to do about it.
 *
 * One code per refusal that a caller could act on. Rules name the clause of the SPIFFE standards or the
 * RFC; where the rule is this library's own, it says so. `docs/errors.md` is generated from this table.
 */
export const errorCodes = {
  // spiffeid
  ERR_SPIFFE_ID_EMPTY: {
    rule: 'SPIFFE-ID §2',
    remedy: 'pass an ID such as spiffe://acme.internal/orders; is the variable it comes from set?',
  },
  ERR_SPIFFE_ID_SCHEME: {
    rule: 'SPIFFE-ID §2',
    remedy: 'start the ID with spiffe://',
  },
  ERR_SPIFFE_ID_UPPER_CASE: {
    rule: 'SPIFFE-ID §2.1',
    remedy: 'write scheme and trust domain in lower case, or parse what people type with { fold: true }',
  },
  ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY: {
    rule: 'SPIFFE-ID §2',
    remedy: 'name the trust domain, as in spiffe://acme.internal',
  },
  ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG: {
    rule: 'SPIFFE-ID §2.3',
    remedy: 'use a trust domain of at most 255 characters',
  },
  ERR_SPIFFE_ID_TRUST_DOMAIN_CHARACTER: {
    rule: 'SPIFFE-ID §2.1',
    remedy: 'use only a-z, 0-9, ".", "-" and "_" in a trust domain',
  },
  ERR_SPIFFE_ID_USERINFO_OR_PORT: {
    rule: 'SPIFFE-ID §2.1',
    remedy: 'leave user, password and port out: a trust domain is a name and no address',
  },
  ERR_SPIFFE_ID_QUERY_OR_FRAGMENT: {
    rule: 'SPIFFE-ID §2',
    remedy: 'leave out "?" and "#" and what follows them',
  },
  ERR_SPIFFE_ID_PERCENT_ENCODING: {
    rule: 'SPIFFE-ID §2.1',
    remedy: 'write the characters as they are; those that would need encoding are not allowed',
  },
  ERR_SPIFFE_ID_PATH_RELATIVE: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'start the path with a slash, or leave it empty',
  },
  ERR_SPIFFE_ID_PATH_CHARACTER: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'use only a-z, A-Z, 0-9, ".", "-" and "_" in a path segment',
  },
  ERR_SPIFFE_ID_EMPTY_SEGMENT: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'put something between each two slashes of the path',
  },
  ERR_SPIFFE_ID_DOT_SEGMENT: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'write the path out: "." and ".." are not resolved',
  },
  ERR_SPIFFE_ID_TRAILING_SLASH: {
    rule: 'SPIFFE-ID §2.2',
    remedy: 'remove the slash at the end',
  },
  ERR_SPIFFE_ID_TOO_LONG: {
    rule: 'SPIFFE-ID §2.3',
    remedy: 'use an ID of at most 2048 characters',
  },
  ERR_SPIFFE_ID_NOT_TEXT: {
    rule: 'SPIFFE-ID §2',
    remedy: 'give the ID as a string',
  },
  ERR_SPIFFE_ID_TEMPLATE: {
    rule: 'path templates of this library',
    remedy: 'make each variable a whole segment with a name of its own, as in /ns/{ns}/sa/{sa}',
  },

  // bundle
  ERR_SPIFFE_X509_BUNDLE_MALFORMED: {
    rule: 'RFC 5280 §4.1',
    remedy: 'give the CA certificates of the trust domain as PEM, or as DER one after the other',
  },
  ERR_SPIFFE_JWT_BUNDLE_MALFORMED: {
    rule: 'RFC 7517 §5',
    remedy: 'give a JWK Set: a JSON object with an array of keys, as {"keys":[…]}',
  },
  ERR_SPIFFE_BUNDLE_MALFORMED: {
    rule: 'SPIFFE Trust Domain and Bundle §4.1',
    remedy: 'give a SPIFFE bundle document: a JSON object with an array of keys, as {"keys":[…]}',
  },
  ERR_SPIFFE_BUNDLE_MAP_MALFORMED: {
    rule: 'SPIFFE Trust Domain and Bundle §5.1.1',
    remedy: 'give a JSON object that has a bundle for each trust domain name in its member trust_domains',
  },
  ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN: {
    rule: 'SPIFFE Trust Domain and Bundle §5.1.1',
    remedy: 'keep one bundle for each trust domain; to replace the one in a set, use withBundle',
  },
  ERR_SPIFFE_BUNDLE_TOO_LARGE: {
    rule: 'own limit: 16 MiB, 10,000 keys, 320,000 values a bundle; 64 MiB, 100,000 trust domains, 2,000,000 values a map',
    remedy: 'remove from the bundle what its trust domain no longer signs with',
  },
  ERR_SPIFFE_BUNDLE_FILE_UNREADABLE: {
    rule: 'own rule: a bundle is read whole or not at all',
    remedy: 'check that the path leads to a regular file that this process may read, with a bundle in it',
  },
  ERR_SPIFFE_BUNDLE_SEQUENCE_INVALID: {
    rule: 'SPIFFE Trust Domain and Bundle §4.1.1',
    remedy: 'have the publisher write spiffe_sequence as an integer from 0 to 2^64 - 1',
  },
  ERR_SPIFFE_BUNDLE_REFRESH_HINT_INVALID: {
    rule: 'SPIFFE Trust Domain and Bundle §4.1.2',
    remedy: 'have the publisher write spiffe_refresh_hint as a positive integer of seconds',
  },
  ERR_SPIFFE_JWK_MALFORMED: {
    rule: 'RFC 7517 §4',
    remedy: 'have the publisher write the key as RFC 7517 and RFC 7518 §6 say',
  },
  ERR_SPIFFE_JWK_USE_UNSUPPORTED: {
    rule: 'SPIFFE Trust Domain and Bundle §4.2.2',
    remedy:
      'nothing, where the key is meant for others; else have the publisher set use to x509-svid or jwt-svid',
  },
  ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED: {
    rule: 'SPIFFE Trust Domain and Bundle §4.2.1',
    remedy:
      'nothing, where the key is meant for others; else have the authority sign with RSA, P-256, P-384 or P-521',
  },
  ERR_SPIFFE_JWK_KID_MISSING: {
    rule: 'JWT-SVID §6.1',
    remedy: 'have the publisher give each JWT authority a kid',
  },
  ERR_SPIFFE_JWK_KID_DUPLICATE: {
    rule: 'JWT-SVID §6.1',
    remedy: 'have the publisher give each JWT authority a kid of its own',
  },
  ERR_SPIFFE_JWK_NOT_PUBLIC: {
    rule: 'RFC 7517 §9.2',
    remedy: 'treat the key as compromised, replace it, and have only public keys published',
  },
  ERR_SPIFFE_JWK_WEAK_KEY: {
    rule: 'RFC 7518 §3.3',
    remedy:
      'have the authority sign with RSA of at least 2048 bits and an odd exponent of at least 3, or on P-256, P-384 or P-521',
  },
  ERR_SPIFFE_JWK_X5C_MISSING: {
    rule: 'X509-SVID §6.2',
    remedy: 'have the publisher put the certificate of the authority into x5c',
  },
  ERR_SPIFFE_JWK_X5C_MALFORMED: {
    rule: 'X509-SVID §6.1',
    remedy: 'have the publisher put the certificate of the authority into x5c, in DER and base64',
  },
  ERR_SPIFFE_JWK_X5C_MISMATCH: {
    rule: 'RFC 7517 §4.7',
    remedy: 'have the publisher put the certificate of this very key into x5c',
  },

  // svid: X509-SVID
  ERR_SPIFFE_X509_SVID_MALFORMED: {
    rule: 'RFC 5280 §4.1',
    remedy: 'have the issuer encode certificates as RFC 5280 and X.690 say; the cause tells what is wrong',
  },
  ERR_SPIFFE_X509_SVID_NO_CERTIFICATE: {
    rule: 'X509-SVID §5.1',
    remedy:
      'give the chain as CERTIFICATE blocks or DER, the leaf first; a TLS peer must be asked for its own',
  },
  ERR_SPIFFE_X509_SVID_CHAIN_TOO_LONG: {
    rule: 'this library: at most 16 certificates',
    remedy: 'send the leaf and the intermediates that lead to an authority, and nothing else',
  },
  ERR_SPIFFE_X509_SVID_NO_URI_SAN: {
    rule: 'X509-SVID §2',
    remedy: 'have the issuer put the SPIFFE ID into the certificate as its one URI alternative name',
  },
  ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS: {
    rule: 'X509-SVID §5.2',
    remedy: 'have the issuer put one URI alternative name into the certificate, the SPIFFE ID, and no other',
  },
  ERR_SPIFFE_X509_SVID_ID_INVALID: {
    rule: 'X509-SVID §5.2',
    remedy: 'have the issuer use a valid SPIFFE ID; the cause tells which rule it breaks',
  },
  ERR_SPIFFE_X509_SVID_ID_WITHOUT_PATH: {
    rule: 'X509-SVID §5.2',
    remedy: 'have the issuer give the workload an ID with a path; without one it names the trust domain',
  },
  ERR_SPIFFE_X509_SVID_LEAF_IS_CA: {
    rule: 'X509-SVID §5.2',
    remedy: 'authenticate with a leaf certificate: a signing certificate must never be used for it',
  },
  ERR_SPIFFE_X509_SVID_LEAF_MAY_SIGN: {
    rule: 'X509-SVID §5.2',
    remedy: 'have the issuer leave keyCertSign and cRLSign out of the Key Usage of leaves',
  },
  ERR_SPIFFE_X509_SVID_KEY_USAGE: {
    rule: 'X509-SVID §4.3',
    remedy: 'have the issuer set a critical Key Usage with digitalSignature on leaves',
  },
  ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE: {
    rule: 'X509-SVID §4.4',
    remedy: 'have the issuer set both serverAuth and clientAuth, or leave the Extended Key Usage out',
  },
  ERR_SPIFFE_X509_SVID_SAN_NOT_CRITICAL: {
    rule: 'X509-SVID §3.1',
    remedy: 'have the issuer set a subject, or mark the Subject Alternative Name critical',
  },
  ERR_SPIFFE_X509_SVID_NOT_YET_VALID: {
    rule: 'RFC 5280 §6.1.3',
    remedy: 'compare the clocks of issuer and verifier',
  },
  ERR_SPIFFE_X509_SVID_EXPIRED: {
    rule: 'RFC 5280 §6.1.3',
    remedy: 'see why it was not renewed in time, and compare the clocks of issuer and verifier',
  },
  ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN: {
    rule: 'RFC 5280 §6.1.4',
    remedy: 'have certificates issued only by a CA: Basic Constraints with cA, Key Usage with keyCertSign',
  },
  ERR_SPIFFE_X509_SVID_PATH_TOO_LONG: {
    rule: 'RFC 5280 §6.1.4',
    remedy: 'remove intermediates, or raise the path length of the CA above them',
  },
  ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED: {
    rule: 'RFC 5280 §6.1.3',
    remedy: 'issue within the name constraints of the CA, or have them widened by who operates it',
  },
  ERR_SPIFFE_X509_SVID_POLICY: {
    rule: 'RFC 5280 §6.1.3',
    remedy: 'issue under a certificate policy that every CA above allows',
  },
  ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION: {
    rule: 'RFC 5280 §4.2',
    remedy: 'have the issuer leave the extension out, or mark it as not critical',
  },
  ERR_SPIFFE_X509_SVID_WEAK_KEY: {
    rule: 'this library: RSA from 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519',
    remedy: 'issue with another key',
  },
  ERR_SPIFFE_X509_SVID_SIGNATURE_ALGORITHM: {
    rule: 'this library: RSA, RSASSA-PSS or ECDSA with SHA-256, SHA-384 or SHA-512, or Ed25519',
    remedy: 'have the issuer sign with another algorithm',
  },
  ERR_SPIFFE_X509_SVID_SIGNATURE: {
    rule: 'RFC 5280 §6.1.3',
    remedy:
      'the certificate was altered or comes from somebody who took the name of the issuer: do not trust it',
  },
  ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY: {
    rule: 'X509-SVID §5.1',
    remedy:
      'see that the peer sends its intermediates, and that the bundle of its trust domain is the newest',
  },
  ERR_SPIFFE_X509_SVID_NO_BUNDLE: {
    rule: 'SPIFFE-ID §3',
    remedy: 'federate with the trust domain of the peer if it is to be trusted',
  },
  ERR_SPIFFE_X509_SVID_WRONG_BUNDLE: {
    rule: 'Trust Domain and Bundle §3',
    remedy:
      'mend the bundle source: it must answer with the bundle of the trust domain that it was asked for',
  },
  ERR_SPIFFE_X509_SVID_BUNDLE_UNAVAILABLE: {
    rule: 'own rule: without the bundle nothing is accepted',
    remedy: 'see the cause: the source of the bundles failed to answer, which says nothing about the peer',
  },
  ERR_SPIFFE_X509_SVID_SEARCH_LIMIT: {
    rule: 'this library: at most 1024 authorities of its issuers, 64 signatures, 256 steps and 65,536 comparisons of names',
    remedy: 'send only the intermediates that lead to an authority',
  },
  ERR_SPIFFE_X509_SVID_KEY_UNREADABLE: {
    rule: 'RFC 5958',
    remedy: 'pass one private key in PKCS#8, without a passphrase',
  },
  ERR_SPIFFE_X509_SVID_KEY_MISMATCH: {
    rule: 'Workload API §5.2',
    remedy: 'pass the private key that belongs to the leaf, which is the first certificate',
  },
  ERR_SPIFFE_X509_SVID_FILE: {
    rule: 'this library',
    remedy: 'see that the path leads to a regular file, and that this process may read and write there',
  },

  // svid: JWT-SVID
  ERR_SPIFFE_JWT_SVID_MALFORMED: {
    rule: 'JWT-SVID §1',
    remedy: 'send the token as it was issued: a JWS in compact serialization, three parts in base64url',
  },
  ERR_SPIFFE_JWT_SVID_TOO_LARGE: {
    rule: 'own limit: 8 KiB of header, 64 KiB of payload',
    remedy: 'have the issuer put less into the token',
  },
  ERR_SPIFFE_JWT_SVID_ALGORITHM_UNSUPPORTED: {
    rule: 'JWT-SVID §2.1',
    remedy: 'have the issuer sign with RS, ES or PS and SHA-256, SHA-384 or SHA-512',
  },
  ERR_SPIFFE_JWT_SVID_TYPE_UNSUPPORTED: {
    rule: 'JWT-SVID §2.3',
    remedy: 'send a JWT-SVID: where its header has a typ, that is JWT or JOSE',
  },
  ERR_SPIFFE_JWT_SVID_HEADER_CRITICAL: {
    rule: 'RFC 7515 §4.1.11',
    remedy: 'have the issuer leave crit and b64 out of the header',
  },
  ERR_SPIFFE_JWT_SVID_SUBJECT_INVALID: {
    rule: 'JWT-SVID §3.1',
    remedy: 'have the issuer put the SPIFFE ID of the workload into sub',
  },
  ERR_SPIFFE_JWT_SVID_SUBJECT_WITHOUT_PATH: {
    rule: 'option requirePath',
    remedy: 'have a workload call with its own ID, or accept IDs of trust domains by leaving the option out',
  },
  ERR_SPIFFE_JWT_SVID_AUDIENCE_INVALID: {
    rule: 'JWT-SVID §3.2',
    remedy: 'have the issuer put whom the token is for into aud: a string, or an array of strings',
  },
  ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH: {
    rule: 'JWT-SVID §3.2',
    remedy: 'have the caller fetch a token for the audience that this service expects',
  },
  ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID: {
    rule: 'JWT-SVID §3.3',
    remedy: 'have the issuer put the expiry into exp, in seconds since 1970, as a number',
  },
  ERR_SPIFFE_JWT_SVID_TIME_INVALID: {
    rule: 'RFC 7519 §2',
    remedy: 'have the issuer write times in seconds since 1970, as numbers, or leave them out',
  },
  ERR_SPIFFE_JWT_SVID_EXPIRED: {
    rule: 'JWT-SVID §3.3',
    remedy: 'have the caller fetch a new token; check the clocks where this one should still hold',
  },
  ERR_SPIFFE_JWT_SVID_NOT_YET_VALID: {
    rule: 'RFC 7519 §4.1.5',
    remedy: 'check the clocks of the issuer and of this machine, or send the token later',
  },
  ERR_SPIFFE_JWT_SVID_BUNDLE_MISSING: {
    rule: 'Workload API §6.3',
    remedy: 'federate with the trust domain, or refuse its workloads',
  },
  ERR_SPIFFE_JWT_SVID_BUNDLE_UNAVAILABLE: {
    rule: 'own rule: without the bundle nothing is accepted',
    remedy: 'see the cause: the source of the bundles failed to answer, which says nothing about the token',
  },
  ERR_SPIFFE_JWT_SVID_BUNDLE_FOREIGN: {
    rule: 'SPIFFE Federation §7.3',
    remedy: 'correct the source of the bundles: it answered with the bundle of another trust domain',
  },
  ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY: {
    rule: 'JWT-SVID §6.2',
    remedy: 'have the trust domain publish JWT authorities: as it is, none of its JWT-SVIDs can be trusted',
  },
  ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND: {
    rule: 'JWT-SVID §6.2',
    remedy: 'check that the bundle is current: its trust domain may have rotated its JWT authorities',
  },
  ERR_SPIFFE_JWT_SVID_KEY_AMBIGUOUS: {
    rule: 'own limit: 16 keys are tried for a token without kid',
    remedy: 'have the issuer write the kid of the key that signs into the header',
  },
  ERR_SPIFFE_JWT_SVID_KEY_UNSUITABLE: {
    rule: 'RFC 7518 §3.1',
    remedy: 'have the issuer sign with the algorithm that its key is made for',
  },
  ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID: {
    rule: 'JWT-SVID §4',
    remedy: 'treat the token as forged, unless the trust domain has lost track of its JWT authorities',
  },
  ERR_SPIFFE_JWT_SVID_UNAUTHORIZED: {
    rule: 'option authorize',
    remedy: 'admit the workload in the authorizer, where it should come in',
  },

  // workloadapi
  ERR_SPIFFE_ENDPOINT_UNSET: {
    rule: 'Workload Endpoint §4',
    remedy: 'set SPIFFE_ENDPOINT_SOCKET, for example to unix:///run/spire/agent.sock, or pass an address',
  },
  ERR_SPIFFE_ENDPOINT_EMPTY: {
    rule: 'Workload Endpoint §4',
    remedy: 'write an address such as unix:///run/spire/agent.sock',
  },
  ERR_SPIFFE_ENDPOINT_NOT_A_URI: {
    rule: 'Workload Endpoint §4',
    remedy: 'write a URI such as unix:///run/spire/agent.sock; percent-encode what a URI cannot hold',
  },
  ERR_SPIFFE_ENDPOINT_SCHEME: {
    rule: 'Workload Endpoint §4',
    remedy: 'use unix:///path/to/agent.sock or tcp://IP:PORT',
  },
  ERR_SPIFFE_ENDPOINT_COMPONENT: {
    rule: 'Workload Endpoint §4',
    remedy: 'leave out user, password, query and fragment',
  },
  ERR_SPIFFE_ENDPOINT_UNIX_AUTHORITY: {
    rule: 'Workload Endpoint §4',
    remedy: 'write three slashes, as in unix:///run/spire/agent.sock',
  },
  ERR_SPIFFE_ENDPOINT_UNIX_RELATIVE: {
    rule: 'Workload Endpoint §4',
    remedy: 'write the absolute path of the socket, as in unix:///run/spire/agent.sock',
  },
  ERR_SPIFFE_ENDPOINT_UNIX_TOO_LONG: {
    rule: 'unix(7), sun_path',
    remedy: 'put the socket at a shorter path',
  },
  ERR_SPIFFE_ENDPOINT_TCP_HOST: {
    rule: 'Workload Endpoint §4',
    remedy: 'write the IP address, as in tcp://127.0.0.1:8081 or tcp://[::1]:8081; names are not looked up',
  },
  ERR_SPIFFE_ENDPOINT_TCP_PORT: {
    rule: 'Workload Endpoint §4',
    remedy: 'write a port from 1 to 65535, as in tcp://127.0.0.1:8081',
  },
  ERR_SPIFFE_ENDPOINT_TCP_PATH: {
    rule: 'Workload Endpoint §4',
    remedy: 'write nothing after the port, not even a slash',
  },
  ERR_SPIFFE_WORKLOAD_API_SOCKET_MISSING: {
    rule: 'Workload Endpoint §3',
    remedy: 'start the agent, mount its socket into this container, or correct SPIFFE_ENDPOINT_SOCKET',
  },
  ERR_SPIFFE_WORKLOAD_API_SOCKET_FORBIDDEN: {
    rule: 'Workload Endpoint §3',
    remedy: 'let the user of this process read and write the socket and enter the folders above it',
  },
  ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE: {
    rule: 'Workload Endpoint §6',
    remedy: 'see whether the agent is running and healthy; sources and watches try again by themselves',
  },
  ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED: {
    rule: 'Workload Endpoint §6',
    remedy: 'register this workload: create an entry whose selectors match this process',
  },
  ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT: {
    rule: 'Workload Endpoint §6',
    remedy: 'see whether something stands between this process and the agent, and changes or drops metadata',
  },
  ERR_SPIFFE_WORKLOAD_API_UNIMPLEMENTED: {
    rule: 'Workload Endpoint §6',
    remedy: 'enable this profile in the agent, or see whether it is a Workload API that listens there',
  },
  ERR_SPIFFE_WORKLOAD_API_EXHAUSTED: {
    rule: 'gRPC status RESOURCE_EXHAUSTED',
    remedy: 'call less often; a message of more than 64 MiB needs fewer federated bundles',
  },
  ERR_SPIFFE_WORKLOAD_API_FAILED: {
    rule: 'Workload Endpoint §6',
    remedy: 'see the log of the agent; sources and watches try again by themselves',
  },
  ERR_SPIFFE_WORKLOAD_API_TIMEOUT: {
    rule: 'own limit: timeoutMs',
    remedy: 'see whether the agent is running and healthy, or wait longer',
  },
  ERR_SPIFFE_WORKLOAD_API_CLOSED: {
    rule: 'own rule: a closed client makes no calls',
    remedy: 'close the client after its last call, and what shares it before it',
  },
  ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED: {
    rule: 'Workload API, Appendix A',
    remedy: 'see whether it is a Workload API that listens there',
  },
  ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY: {
    rule: 'Workload API §4.5',
    remedy: 'have the agent send it: the field is mandatory',
  },
  ERR_SPIFFE_WORKLOAD_API_SVID_INVALID: {
    rule: 'Workload API §5.2.1',
    remedy: 'have the agent send an X509-SVID with its own key; the cause says what is wrong with this one',
  },
  ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH: {
    rule: 'Workload API §5.2.1',
    remedy: 'have the agent send the SVID of the ID that it names',
  },
  ERR_SPIFFE_WORKLOAD_API_SVID_EXPIRED: {
    rule: 'X509-SVID §5.1',
    remedy: 'compare the clocks of this machine and of the agent; see whether the agent reaches its server',
  },
  ERR_SPIFFE_WORKLOAD_API_SVID_UNTRUSTED: {
    rule: 'Workload API §5.2.1',
    remedy: 'have the agent send the bundle that the SVID chains to; no peer would accept it otherwise',
  },
  ERR_SPIFFE_WORKLOAD_API_BUNDLE_INVALID: {
    rule: 'Workload API §5.2.1',
    remedy: 'have the agent send CA certificates in DER; the cause says what is wrong with these',
  },
  ERR_SPIFFE_WORKLOAD_API_BUNDLE_CONFLICT: {
    rule: 'Workload API §5.2.1',
    remedy: 'have the agent send one bundle for each trust domain, under the ID of that trust domain',
  },
  ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED: {
    rule: 'Workload API §5.2.2',
    remedy: 'mend or end the federation with that trust domain; until then its workloads are not trusted',
  },
  ERR_SPIFFE_WORKLOAD_API_JWT_SVID_INVALID: {
    rule: 'Workload API §6.2.1',
    remedy: 'have the agent send a JWT-SVID for what was asked; the cause says what is wrong with this one',
  },
  ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED: {
    rule: 'Workload API §6.2.3',
    remedy: 'do not trust the caller: its token is not valid for this audience',
  },
  ERR_SPIFFE_WORKLOAD_API_HINT_UNKNOWN: {
    rule: 'Workload API §8',
    remedy: 'have the operator set the hint on the entry, or ask for a hint that is set',
  },
  ERR_SPIFFE_SOURCE_TIMEOUT: {
    rule: 'own limit: timeoutMs',
    remedy: 'see to what is named here, or wait longer',
  },
  ERR_SPIFFE_SOURCE_REDACTED: {
    rule: 'Workload API §5.2.1',
    remedy: 'register this workload again; the source serves again by itself when an identity comes back',
  },
  ERR_SPIFFE_SOURCE_EXPIRED: {
    rule: 'X509-SVID §5.1',
    remedy: 'see the health of the source and of the agent: the SVID was not renewed in time',
  },
  ERR_SPIFFE_SOURCE_CLOSED: {
    rule: 'own rule: a closed source answers nothing',
    remedy: 'close the source after everything that uses it',
  },
  ERR_SPIFFE_SOURCE_PICKER: {
    rule: 'own rule: a picker returns one of the SVIDs it was given',
    remedy: 'have the picker return one of its argument; it may be asked about any number of them',
  },

  // tlsconfig
  ERR_SPIFFE_TLS_UNAUTHORIZED: {
    rule: 'the authorizer given to the TLS options',
    remedy: 'let the authorizer admit this SPIFFE ID if it belongs here; nothing else lets it in',
  },
  ERR_SPIFFE_TLS_NO_PEER_CERTIFICATE: {
    rule: 'X509-SVID §5.2',
    remedy: 'have the peer present its X509-SVID: both ends of mutual TLS need one',
  },
  ERR_SPIFFE_TLS_SESSION_RESUMED: {
    rule: 'every handshake is a full one, so that every connection is checked',
    remedy: 'pass no session and no ticket keys of your own along with these options',
  },
  ERR_SPIFFE_TLS_SOURCE_FAILED: {
    rule: 'a connection needs an X509-SVID to present and bundles to verify with',
    remedy: 'see the cause: a source that is closed, empty or whose SVID expired serves no connection',
  },
  ERR_SPIFFE_TLS_CONTEXT_UNUSABLE: {
    rule: 'OpenSSL must take the SVID and the authorities it is to trust',
    remedy: 'see the cause, and have the issuer or the operator of that trust domain mend it',
  },
  ERR_SPIFFE_TLS_TOO_MANY_AUTHORITIES: {
    rule: 'at most 500 authorities for an authorizer that names no trust domain',
    remedy: 'give the client an authorizer that names its trust domains, such as authorizeMemberOf',
  },
  ERR_SPIFFE_TLS_NOT_GUARDED: {
    rule: 'a server is guarded, or it serves nobody',
    remedy: 'call attach(server) right after creating it from the unchanged options of mtlsServerOptions',
  },
  ERR_SPIFFE_TLS_NO_PEER_ID: {
    rule: 'an ID comes from the check of its connection and from nowhere else',
    remedy:
      'ask for connections of attached servers and of clients made with mtlsClientOptions, and before they close',
  },

  // http
  ERR_SPIFFE_BEARER_MISSING: {
    rule: 'JWT-SVID §5.2',
    remedy: 'send a JWT-SVID for the audience of this service, as in Authorization: Bearer TOKEN',
  },
  ERR_SPIFFE_BEARER_MALFORMED: {
    rule: 'RFC 6750 §2.1',
    remedy: 'send one Authorization header: the word Bearer, one space and the token',
  },

  // testing
  ERR_SPIFFE_TESTING_DEPENDENCY_MISSING: {
    rule: 'js-spiffe/testing',
    remedy: 'run npm install --save-dev @peculiar/x509 reflect-metadata',
  },
  ERR_SPIFFE_TESTING_AUTHORITY_STEP: {
    rule: 'js-spiffe/testing',
    remedy: 'take the steps of a rotation in their order: prepare, activate, taint, revoke',
  },
  ERR_SPIFFE_TESTING_CLOSED: {
    rule: 'js-spiffe/testing',
    remedy: 'close the Workload API after everything that uses it',
  },

  // internal
  ERR_SPIFFE_PEM_MALFORMED: {
    rule: 'RFC 7468 §2',
    remedy:
      'pass the text as it was written: every block whole, from the start of a line, in base64, not encrypted',
  },
  ERR_SPIFFE_BASE64_MALFORMED: {
    rule: 'RFC 7515 §2',
    remedy: 'encode it without padding, other characters or stray bits at the end',
  },
  ERR_SPIFFE_JSON_TOO_LARGE: {
    rule: 'own limit: how much is read as one JSON text',
    remedy: 'have less written into it',
  },
  ERR_SPIFFE_JSON_MALFORMED: {
    rule: 'RFC 8259 §2',
    remedy: 'check that the text is JSON and that nothing cut it short',
  },
  ERR_SPIFFE_DER_MALFORMED: {
    rule: 'X.690 §10',
    remedy: 'have the issuer encode it in DER: definite, minimal lengths and nothing after the end',
  },
} as const satisfies Record<`ERR_SPIFFE_${string}`, ErrorCodeEntry>

/** The closed union of what {@link SpiffeError.code} can be. */
export type SpiffeErrorCode = keyof typeof errorCodes

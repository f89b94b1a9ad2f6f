const MIB = 1024 * 1024

/** The largest document or file that is read as the bundle of one trust domain, in bytes. */
export const LARGEST_BUNDLE_BYTES: number = 16 * MIB

/** The largest document or file that is read as a bundle map, in bytes. */
export const LARGEST_MAP_BYTES: number = 64 * MIB

/** The most keys that one bundle may list. */
export const MOST_KEYS = 10_000

/** The most trust domains that one bundle map may name. */
export const MOST_TRUST_DOMAINS = 100_000

/** The deepest that JSON may nest. What the standards define needs six levels. */
export const DEEPEST_JSON = 32

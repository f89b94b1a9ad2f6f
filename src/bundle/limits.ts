import type { JSONLimits } from '../internal/json.ts'

const MIB = 1024 * 1024

/** The largest document or file that is read as the bundle of one trust domain, in bytes. */
export const LARGEST_BUNDLE_BYTES: number = 16 * MIB

/** The largest document or file that is read as a bundle map, in bytes. */
export const LARGEST_MAP_BYTES: number = 64 * MIB

/** The deepest that JSON may nest. What the standards define needs six levels. */
const DEEPEST_JSON = 32

/**
 * How much is read as the bundle of one trust domain: 10,000 keys, which is what the children of any member are held
 * to, with 32 values each. What the standards define for a key needs eight.
 */
export const BUNDLE_LIMITS: JSONLimits = {
  maxBytes: LARGEST_BUNDLE_BYTES,
  maxDepth: DEEPEST_JSON,
  maxChildren: 10_000,
  maxValues: 320_000,
}

/**
 * How much is read as a bundle map: 100,000 trust domains with 20 values each, which are an X.509 and a JWT authority
 * with sequence number and refresh hint. Of 64 MiB that is a value in each 34 bytes.
 */
export const MAP_LIMITS: JSONLimits = {
  maxBytes: LARGEST_MAP_BYTES,
  maxDepth: DEEPEST_JSON,
  maxChildren: 100_000,
  maxValues: 2_000_000,
}

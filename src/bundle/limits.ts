/** The largest document or file that is read as one bundle, or as one bundle map, in bytes. */
export const LARGEST_BUNDLE_BYTES: number = 16 * 1024 * 1024

/** The deepest that JSON may nest in them. What the standards define needs six levels. */
export const DEEPEST_JSON = 32

/** The most elements that are looked at in one list of keys or one bundle map. */
export const MOST_ELEMENTS = 10_000

/** How many certificates a chain may have. */
export const MOST_CERTIFICATES = 16

/** How many signatures are checked for one chain before it is refused. */
export const MOST_SIGNATURES = 64

/** How many authorities are looked at for one chain before it is refused. */
export const MOST_AUTHORITIES = 1024

/** How many times a path is extended for one chain before it is refused. */
export const MOST_STEPS = 256

/** How many names and subtrees of name constraints are compared for one chain before it is refused. */
export const MOST_NAME_COMPARISONS = 65_536

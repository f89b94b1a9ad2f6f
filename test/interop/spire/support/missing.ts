import { missingForGo } from '../../support/go.ts'

/** What keeps suites with a real SPIRE from running here, or `undefined`. */
export const missingForSpire: string | undefined =
  missingForGo ??
  (process.getuid?.() === 0
    ? undefined
    : 'only root can start workloads as users of their own; run this as root')

import { defineConfig } from 'vitest/config'

// biome-ignore lint/style/noDefaultExport: vitest takes its configuration from there
export default defineConfig({ test: { include: ['suite.ts'], pool: 'forks' } })

import path from 'node:path'
import { build } from 'esbuild'
import type { Keeper } from './keeper.ts'

// grpc-js and google-protobuf are CommonJS and require Node's own modules.
const banner = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

/**
 * Bundles a TypeScript program with everything it needs, so that any user of this machine can start it, also
 * one who may not read this tree, and start it fast.
 *
 * @returns The path of the bundle.
 */
export async function bundleProgram(keeper: Keeper, entry: string): Promise<string> {
  const outdir = keeper.folder()
  await build({
    entryPoints: [entry],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: banner },
    logLevel: 'error',
  })
  return path.join(outdir, `${path.basename(entry, '.ts')}.mjs`)
}

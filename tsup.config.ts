import { defineConfig } from 'tsup'

const folders = ['bundle', 'http', 'spiffeid', 'svid', 'testing', 'tlsconfig', 'workloadapi']

// Declarations come from the compiler: those that are bundled lose the types behind `export * as`.
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    errors: 'src/errors.ts',
    ...Object.fromEntries(folders.map((name) => [`${name}/index`, `src/${name}/index.ts`])),
  },
  format: 'esm',
  target: 'node20',
  splitting: true,
  treeshake: true,
  clean: true,
  removeNodeProtocol: false,
})

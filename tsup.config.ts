import { defineConfig } from 'tsup'

const folders = ['bundle', 'errors', 'http', 'spiffeid', 'svid', 'testing', 'tlsconfig', 'workloadapi']

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    ...Object.fromEntries(
      folders.map((name) => [`${name}/index`, name === 'errors' ? 'src/errors.ts' : `src/${name}/index.ts`]),
    ),
  },
  format: 'esm',
  target: 'node20',
  splitting: true,
  treeshake: true,
  clean: true,
  removeNodeProtocol: false,
  dts: {
    compilerOptions: {
      stripInternal: true,
      ignoreDeprecations: '6.0',
      noEmit: false,
      allowImportingTsExtensions: true,
      incremental: false,
    },
  },
})

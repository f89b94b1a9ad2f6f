import { pathToFileURL } from 'node:url'

// A snippet may leave a server listening; it has run when its last line has.
await import(pathToFileURL(process.argv[2] ?? '').href)
process.exit(0)

// Scalar's mock server, as its README starts it: node scalar.mjs PORT DOCUMENT
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [port, document] = process.argv.slice(2)
const require = createRequire(join(process.cwd(), 'package.json'))
const load = (name) => import(pathToFileURL(require.resolve(name)))
const { serve } = await load('@hono/node-server')
const { createMockServer } = await load('@scalar/mock-server')
const app = await createMockServer({ specification: readFileSync(document, 'utf8') })
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' })

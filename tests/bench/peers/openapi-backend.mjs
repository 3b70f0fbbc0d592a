// openapi-backend in a bare node server, answering from the document: node openapi-backend.mjs PORT DOCUMENT
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [port, document] = process.argv.slice(2)
const require = createRequire(join(process.cwd(), 'package.json'))
const { OpenAPIBackend } = require('openapi-backend')
const api = new OpenAPIBackend({ definition: document, quick: true })
api.register('deleteOrder', (context, request, response) => {
  const { mock } = context.api.mockResponseForOperation('deleteOrder', { code: 404 })
  response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(mock))
})
api.register('validationFail', (context, request, response) => response.writeHead(400).end())
await api.init()
createServer((request, response) => {
  const [path, query] = request.url.split('?')
  api.handleRequest({ method: request.method, path, query, headers: request.headers }, request, response)
}).listen(Number(port), '127.0.0.1')

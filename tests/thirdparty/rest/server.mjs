// A platform put together from others' parts: json-server keeps and pages the records, oidc-provider gives out and knows the tokens,
// Node's TLS asks for our certificate. Prints its port when it listens.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createRequire } from 'node:module'

const [modules, folder] = process.argv.slice(2)
const require = createRequire(`${modules}/`)
const jsonServer = require('json-server')
const { default: Provider } = await import(require.resolve('oidc-provider'))

const client = { client_id: 'gateway', client_secret: process.env.CLIENT_SECRET, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }
const provider = new Provider('https://localhost', {
  clients: [client],
  features: { clientCredentials: { enabled: true } },
  ttl: { ClientCredentials: 2 },
})

const app = jsonServer.create()
app.use('/oidc', provider.callback())
app.use(async (request, response, next) => {
  const token = await provider.ClientCredentials.find((request.headers.authorization ?? '').replace('Bearer ', ''))
  token?.isValid ? next() : response.status(401).json({ error: 'invalid_token' })
})
// The answer to the first case is lost on its way.
let lost = false
app.post('/cases', (request, response, next) => {
  if (!lost) response.end = () => request.socket.destroy()
  lost = true
  next()
})
app.use(jsonServer.defaults({ logger: false }))
app.use(jsonServer.router(JSON.parse(readFileSync(`${folder}/db.json`))))

const read = (name) => readFileSync(`${folder}/${name}`)
const tls = { key: read('server.key'), cert: read('server.pem'), ca: read('authority.pem'), requestCert: true, rejectUnauthorized: true }
const server = createServer(tls, app).listen(0, 'localhost', () => console.log(server.address().port))

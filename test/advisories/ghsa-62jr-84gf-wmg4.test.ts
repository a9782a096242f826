// GHSA-62jr-84gf-wmg4 (@fastify/swagger-ui): every file in the folder of the module could be fetched beside the page's own.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())
const status = async (path: string) =>
  (await sendRaw(service.url, rawRequest(`GET ${path}`, ['Host: localhost', 'Connection: close']))).answers[0]?.status

test("beside the page's own files none of a package, of the program or of its data can be fetched", async () => {
  const own = new URL(`../../node_modules/@fastify/swagger-ui/`, import.meta.url)
  const files = [
    ...readdirSync(own).filter((name) => name !== 'static'),
    ...['lib/serialize.js', 'lib/index-html.js', '.npmrc', '.git/config', '.env', 'data/secret.key', 'src/main.ts'],
  ]
  const ups = [
    '',
    '/..',
    '/static/..',
    '/%2e%2e',
    '/static/%2e%2e',
    '/static/%2e%2e%2f%2e%2e',
    '/static/..%5c',
    '/..%2f..',
  ]
  for (const file of files) {
    for (const up of ups) assert.equal(await status(`/api/docs${up}/${file}`), 404, `${up}/${file}`)
  }
  assert.equal(await status('/api/docs/static/swagger-ui.css'), 200)
})

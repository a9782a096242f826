import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { besideOthers, claimPort } from '../../src/platform/shared-port.ts'

const host = '127.0.0.1'

async function listening(port = 0) {
  const server = createServer().listen({ host, port, ...besideOthers() })
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() }
}

describe('a port that workers share', () => {
  it('is claimed where it is free, any one where any is wanted, and free again for the workers', async () => {
    const port = await claimPort({ host, port: 0 })
    assert.ok(port > 0)
    assert.equal(await claimPort({ host, port }), port)
    using _ = await listening(port)
  })

  it('is not claimed where another service has it, even if that one shares it', async () => {
    using other = await listening()
    await assert.rejects(claimPort({ host, port: other.port }), { code: 'EADDRINUSE', port: other.port })
  })

  it('is shared by the kernel where it can be, and by the primary elsewhere', () => {
    assert.deepEqual(besideOthers('linux'), { reusePort: true })
    for (const platform of ['darwin', 'win32'] as const) assert.deepEqual(besideOthers(platform), {})
  })
})

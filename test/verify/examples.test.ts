import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { testClock } from '../support/clock.ts'
import { startService, type TestService } from '../support/service.ts'

type Get = (authorization?: string) => Promise<{ status: number; challenge: string | null | undefined; text: string }>

const told = async (response: Response) => ({
  status: response.status,
  challenge: response.headers.get('www-authenticate'),
  text: await response.text(),
})

const request = (url: string, authorization?: string) =>
  new Request(url, authorization === undefined ? {} : { headers: { authorization } })

describe('the examples for resource servers', () => {
  let service: TestService
  let closeExpress: () => void
  const gets: Record<string, Get> = {}

  before(async () => {
    service = await startService({ clock: testClock(new Date()) })
    process.env.ISSUER = service.issuer
    process.env.JWKS_URI = `${service.url}/.well-known/jwks.json`

    const fastify = await import('../../examples/verify/fastify.ts')
    gets.fastify = async (authorization) => {
      const headers = authorization === undefined ? {} : { authorization }
      const { statusCode, headers: sent, body } = await fastify.app.inject({ url: '/whoami', headers })
      return { status: statusCode, challenge: sent['www-authenticate']?.toString(), text: body }
    }
    const express = await import('../../examples/verify/express.ts')
    const server = express.app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    closeExpress = () => {
      server.close()
      server.closeAllConnections()
    }
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/whoami`
    gets.express = async (authorization) => told(await fetch(request(url, authorization)))

    const hono = await import('../../examples/verify/hono.ts')
    gets.hono = async (authorization) => told(await hono.app.request(request('http://api/whoami', authorization)))

    const nextjs = await import('../../examples/verify/nextjs.ts')
    gets.nextjs = async (authorization) => told(await nextjs.GET(request('http://api/whoami', authorization)))
  })
  after(async () => {
    closeExpress()
    await service.close()
  })

  for (const name of ['fastify', 'express', 'hono', 'nextjs']) {
    it(`${name}: lets a person in who logged in at the service, and nobody else`, async () => {
      const get = gets[name] as Get
      const { access, refresh } = await service.loggedIn()
      const me = await service.call('GET', '/api/v1/users/me', { token: access })
      const welcome = await get(`Bearer ${access}`)
      assert.equal(welcome.status, 200)
      assert.deepEqual(JSON.parse(welcome.text), { sub: String(me.body.id) })

      const nobody = await get()
      assert.deepEqual([nobody.status, nobody.challenge, nobody.text], [401, 'Bearer', ''])
      const forged = `${access.slice(0, access.lastIndexOf('.'))}.${'A'.repeat(86)}`
      for (const token of [refresh, forged, 'x']) {
        const answer = await get(`Bearer ${token}`)
        assert.deepEqual([answer.status, answer.challenge, answer.text], [401, 'Bearer error="invalid_token"', ''])
      }
    })
  }
})

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { type RefusedCode, TokenRefused } from '../../src/verify/index.ts'
import { createSigner, createStand, type Jwk, noon, type Signer } from './issuer.ts'

const signer = await createSigner()
const next = await createSigner()
const small = await createSigner('RS256', 1024)

/** A token that is alive at the moment of the stand. */
const alive = (stand: { now: number }, by: Signer = signer) => by.token({ iat: stand.now, exp: stand.now + 60 })

const refusedAs = (code: RefusedCode) => (error: unknown) => {
  assert.ok(error instanceof TokenRefused, String(error))
  assert.equal(error.code, code)
  return true
}

const down = () => new Response(null, { status: 503 })

describe('the key set', () => {
  it('is fetched when the first token comes, and once for fifty that come together', async () => {
    const stand = createStand([signer])
    assert.equal(stand.requests.length, 0)
    const token = await signer.token()
    await Promise.all(Array.from({ length: 50 }, () => stand.verify(token)))
    await stand.verify(token)
    assert.equal(stand.requests.length, 1)
  })

  it('is fetched once for fifty unknown keys that come together, and not again before the cool-down is over', async () => {
    const stand = createStand([signer])
    await stand.verify(await signer.token())
    stand.now = noon + 31
    const storm = async () => {
      const tokens = Array.from({ length: 50 }, (_, index) => signer.token({}, { kid: `random-${index}` }))
      for (const token of tokens) await assert.rejects(token.then(stand.verify), refusedAs('unknown_key'))
    }
    await storm()
    assert.equal(stand.requests.length, 2)
    stand.now = noon + 31 + 29.9
    await storm()
    assert.equal(stand.requests.length, 2)
    stand.now = noon + 31 + 30
    await storm()
    assert.equal(stand.requests.length, 3)
  })

  it('is not fetched for a token that is refused by its form, type or algorithm', async () => {
    const stand = createStand([signer])
    for (const header of [{ typ: 'JWT' }, { alg: 'none' }, { crit: ['x'] }]) {
      await assert.rejects(signer.token({}, header).then(stand.verify))
    }
    assert.equal(stand.requests.length, 0)
  })

  it('is fetched anew for a key that has just come', async () => {
    const stand = createStand([signer])
    await stand.verify(await signer.token())
    stand.publish(signer.jwk, next.jwk)
    stand.now += 30
    await stand.verify(await alive(stand, next))
    await stand.verify(await alive(stand))
    assert.equal(stand.requests.length, 2)
  })

  it('forgets a key that is gone, as soon as its time is up', async () => {
    const stand = createStand([signer, next])
    await stand.verify(await signer.token())
    stand.publish(next.jwk)
    stand.now = noon + 599
    await stand.verify(await alive(stand))
    stand.now = noon + 600
    await assert.rejects(alive(stand).then(stand.verify), refusedAs('unknown_key'))
    await stand.verify(await alive(stand, next))
    assert.equal(stand.requests.length, 2)
  })

  it('is fetched anew after a clock was set back', async () => {
    const stand = createStand([signer])
    stand.now = noon + 100_000
    await stand.verify(await alive(stand))
    stand.now = noon
    await stand.verify(await alive(stand))
    assert.equal(stand.requests.length, 2)
  })

  const ages: [string | null, number, number][] = [
    ['public, max-age=120', 600, 120],
    ['max-age=5', 600, 30],
    ['max-age=0', 600, 30],
    ['no-store', 600, 30],
    ['no-cache, max-age=300', 600, 30],
    ['max-age=31536000', 600, 600],
    ['max-age=31536000', 900, 900],
    ['max-age=soon', 600, 600],
    [null, 600, 600],
  ]
  for (const [cacheControl, cacheFor, life] of ages) {
    it(`is kept for ${life} s where the answer says ${cacheControl} and the option ${cacheFor}`, async () => {
      const stand = createStand([], { cacheFor })
      const headers = cacheControl === null ? {} : { 'cache-control': cacheControl }
      stand.answer = () => Response.json({ keys: [signer.jwk] }, { headers })
      await stand.verify(await alive(stand))
      stand.now = noon + life - 1
      await stand.verify(await alive(stand))
      assert.equal(stand.requests.length, 1)
      stand.now = noon + life
      await stand.verify(await alive(stand))
      assert.equal(stand.requests.length, 2)
    })
  }
})

describe('a key set that cannot be fetched', () => {
  it('is told from a bad token, with its cause, and asked for again after five seconds', async () => {
    const stand = createStand([signer])
    stand.answer = () => Promise.reject(new Error('connection refused'))
    const token = await signer.token()
    const error: TokenRefused = await stand.verify(token).then(
      () => assert.fail(),
      (error) => error,
    )
    assert.equal(error.code, 'keys_unavailable')
    assert.equal((error.cause as Error).message, 'connection refused')
    await assert.rejects(stand.verify(token), refusedAs('keys_unavailable'))
    assert.equal(stand.requests.length, 1)
    stand.publish(signer.jwk)
    stand.now += 5
    await stand.verify(token)
    assert.equal(stand.requests.length, 2)
  })

  it('is used on for an hour after it was fetched, and no longer', async () => {
    const stand = createStand([signer])
    await stand.verify(await alive(stand))
    stand.answer = down
    for (let age = 600; age < 3600; age += 100) {
      stand.now = noon + age
      await stand.verify(await alive(stand))
    }
    stand.now = noon + 3600
    await assert.rejects(alive(stand).then(stand.verify), refusedAs('keys_unavailable'))
    stand.publish(signer.jwk)
    stand.now += 5
    await stand.verify(await alive(stand))
  })

  it('leaves it open whether an unknown key is a new one', async () => {
    const stand = createStand([signer])
    await stand.verify(await alive(stand))
    stand.answer = down
    stand.now += 30
    await assert.rejects(alive(stand, next).then(stand.verify), refusedAs('keys_unavailable'))
    await stand.verify(await alive(stand))
  })

  it('holds up nobody who can go on with the keys at hand, once it is known', async () => {
    const stand = createStand([signer], { timeout: 0.5 })
    await stand.verify(await alive(stand))
    let givenUp = 0
    stand.answer = ({ signal }) => {
      signal?.addEventListener('abort', () => givenUp++)
      return new Promise(() => {})
    }
    stand.now = noon + 600
    await stand.verify(await alive(stand))
    assert.equal(givenUp, 1)
    stand.now = noon + 610
    await stand.verify(await alive(stand))
    assert.equal(stand.requests.length, 3)
    assert.equal(givenUp, 1)

    stand.publish(next.jwk)
    stand.now = noon + 620
    await stand.verify(await alive(stand))
    await stand.verify(await alive(stand, next))
    await assert.rejects(alive(stand).then(stand.verify), refusedAs('unknown_key'))
    assert.equal(stand.requests.length, 4)
  })

  it('has no say any more when it comes after a newer one', async () => {
    const stand = createStand([signer], { timeout: 60 })
    let arrive = (_: Response) => {}
    stand.answer = () => new Promise((resolve) => (arrive = resolve))
    const first = alive(stand, next).then(stand.verify)
    while (stand.requests.length === 0) await new Promise(setImmediate)
    stand.now = noon + 61
    stand.publish(next.jwk)
    await stand.verify(await alive(stand, next))
    arrive(Response.json({ keys: [signer.jwk] }))
    await first
    await stand.verify(await alive(stand, next))
    await assert.rejects(alive(stand).then(stand.verify), refusedAs('unknown_key'))
    assert.equal(stand.requests.length, 2)
  })

  it('is read no further than 64 KB', async () => {
    let cancelled = false
    const stand = createStand([signer])
    const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(1000).fill(32))
    const cancel = () => {
      cancelled = true
    }
    stand.answer = () => new Response(new ReadableStream({ pull, cancel }))
    const error: TokenRefused = await signer
      .token()
      .then(stand.verify)
      .then(
        () => assert.fail(),
        (error) => error,
      )
    assert.equal((error.cause as Error).message, 'the key set is longer than 65536 bytes')
    assert.equal(cancelled, true)
  })

  it('is given up after the time-out, also when its answer begins and never ends', async (t) => {
    let connections = 0
    const server = createServer((_request, response) => {
      connections++
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"keys":[')
    })
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const { verify } = createStand([], { jwksUri, timeout: 1, fetch: undefined })
    await assert.rejects(signer.token().then(verify), refusedAs('keys_unavailable'))
    assert.equal(connections, 1)
  })

  it('is not looked for where a redirect points', async (t) => {
    let requests = 0
    const server = createServer((request, response) => {
      requests++
      if (request.url === '/') return response.writeHead(302, { location: '/keys' }).end()
      response.end(JSON.stringify({ keys: [signer.jwk] }))
    })
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const { verify } = createStand([], { jwksUri, fetch: undefined })
    await assert.rejects(signer.token().then(verify), refusedAs('keys_unavailable'))
    assert.equal(requests, 1)
  })

  const body = (text: string | Uint8Array<ArrayBuffer>) => () => new Response(text)
  const malformed: Record<string, () => Response> = {
    'an empty answer': body(''),
    'an answer without a body': () => new Response(null),
    'no JSON': body('<html>'),
    'a list': body('[]'),
    null: body('null'),
    'no keys': body('{}'),
    'keys that are an object': body('{"keys":{}}'),
    'a key that is null': () => Response.json({ keys: [signer.jwk, null] }),
    'a key that is text': () => Response.json({ keys: [signer.jwk, 'x'] }),
    'no UTF-8': body(new Uint8Array([0x7b, 0xff, 0x7d])),
    'more than 64 KB': () => Response.json({ keys: [signer.jwk], filler: 'x'.repeat(65_536) }),
    'deep nesting': body('['.repeat(60_000)),
    'the status 404': () => Response.json({ keys: [signer.jwk] }, { status: 404 }),
    'the status 304': () => new Response(null, { status: 304 }),
  }
  for (const [name, answer] of Object.entries(malformed)) {
    it(`is what an answer with ${name} counts as`, async () => {
      const stand = createStand([signer])
      await stand.verify(await alive(stand))
      stand.answer = answer
      stand.now = noon + 600
      await stand.verify(await alive(stand))
      await assert.rejects(alive(stand, next).then(stand.verify), refusedAs('keys_unavailable'))
      assert.equal(stand.requests.length, 2)
    })
  }
})

describe('a key in the set', () => {
  const unfit: Record<string, (jwk: Jwk) => Jwk> = {
    'of no use for signatures': (jwk) => ({ ...jwk, use: 'enc' }),
    'with a use that is no text': (jwk) => ({ ...jwk, use: null }),
    'that may not verify': (jwk) => ({ ...jwk, key_ops: ['sign'] }),
    'without an algorithm': ({ alg: _, ...jwk }) => jwk,
    'for another algorithm': (jwk) => ({ ...jwk, alg: 'ES384' }),
    'for an algorithm of another kind of key': (jwk) => ({ ...jwk, alg: 'EdDSA' }),
    'whose algorithm is a list': (jwk) => ({ ...jwk, alg: ['ES256'] }),
    'of another kind than it says': (jwk) => ({ ...jwk, kty: 'OKP' }),
    'on another curve': (jwk) => ({ ...jwk, crv: 'P-384' }),
    'off its curve': (jwk) => ({ ...jwk, x: jwk.y, y: jwk.x }),
    'without a coordinate': ({ y: _, ...jwk }) => jwk,
    'without a name': ({ kid: _, ...jwk }) => jwk,
    'that is a shared secret': ({ kid }) => ({ kty: 'oct', kid, alg: 'HS256', k: 'AAAA' }),
    'of RSA with 1024 bits': ({ kid }) => ({ ...small.jwk, kid }),
  }
  for (const [name, spoil] of Object.entries(unfit)) {
    it(`is passed over, and the others are not, when it is one ${name}`, async () => {
      const { verify } = createStand([])
      const stand = createStand([])
      stand.publish(spoil(signer.jwk), next.jwk)
      await stand.verify(await next.token())
      await assert.rejects(signer.token().then(stand.verify), refusedAs('unknown_key'))
      await assert.rejects(signer.token().then(verify), refusedAs('unknown_key'))
    })
  }

  it('may say what it is for in both ways, and more than anybody asked', async () => {
    const stand = createStand([])
    stand.publish({ ...signer.jwk, key_ops: ['verify'], ext: true, x5t: 'x', nbf: 1, __proto__: { alg: 'RS256' } })
    await stand.verify(await signer.token())
  })
})

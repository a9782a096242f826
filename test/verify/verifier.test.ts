import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type Algorithm,
  bearerToken,
  createVerifier,
  type RefusedCode,
  TokenRefused,
  type VerifierOptions,
} from '../../src/verify/index.ts'
import { startService, type TestService } from '../support/service.ts'
import { algorithms, createSigner, createStand, goodClaims, issuerUrl, noon, part, type Signer } from './issuer.ts'

const signers = Object.fromEntries(await Promise.all(algorithms.map(async (alg) => [alg, await createSigner(alg)])))
const signer = signers.ES256 as Signer
const stranger = await createSigner()

const refusedAs = (code: RefusedCode) => (error: unknown) => {
  assert.ok(error instanceof TokenRefused, String(error))
  assert.equal(error.code, code)
  return true
}

describe('a verifier beside the running service', () => {
  let service: TestService
  let verify: ReturnType<typeof createVerifier>['verify']
  before(async () => {
    service = await startService()
    const jwksUri = `${service.url}/.well-known/jwks.json`
    verify = createVerifier({ issuer: service.issuer, jwksUri, now: () => service.clock().getTime() }).verify
  })
  after(() => service.close())

  it('accepts an access token of a login, and tells whose it is', async () => {
    const { access } = await service.loggedIn()
    const me = await service.call('GET', '/api/v1/users/me', { token: access })
    const claims = await verify(access)
    assert.equal(claims.sub, String(me.body.id))
    assert.equal(claims.iss, service.issuer)
    assert.equal(claims.client_id, 'latchkey')
    assert.equal(typeof claims.sid, 'string')
    assert.equal(claims.exp - claims.iat, 60)
  })

  it('refuses a refresh token for what it is', async () => {
    const { refresh } = await service.loggedIn()
    await assert.rejects(verify(refresh), refusedAs('wrong_type'))
  })

  it('refuses an access token once its minute and the skew are over', async () => {
    const { access } = await service.loggedIn()
    service.clock.advance(64)
    await verify(access)
    service.clock.advance(1)
    await assert.rejects(verify(access), refusedAs('expired'))
  })
})

describe('algorithms', () => {
  for (const alg of algorithms) {
    it(`verifies ${alg}, and refuses the same signature with any one byte changed, lost or added`, async () => {
      const { verify } = createStand([signers[alg] as Signer])
      const token = await (signers[alg] as Signer).token()
      assert.equal((await verify(token)).sub, '7')

      const [input, signature] = [token.slice(0, token.lastIndexOf('.')), token.slice(token.lastIndexOf('.') + 1)]
      const bytes = Buffer.from(signature, 'base64url')
      const altered = [bytes.subarray(1), bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from([0])])]
      for (let index = 0; index < bytes.length; index++) {
        altered.push(Buffer.from(bytes.map((byte, at) => (at === index ? byte ^ (1 << (index % 8)) : byte))))
      }
      altered.push(Buffer.alloc(bytes.length), Buffer.alloc(1), Buffer.alloc(1024, 255))
      for (const one of altered) {
        await assert.rejects(verify(`${input}.${one.toString('base64url')}`), refusedAs('bad_signature'))
      }
    })

    it(`lets no token under a key for ${alg} name another algorithm`, async () => {
      const { verify } = createStand([signers[alg] as Signer])
      for (const other of algorithms.filter((one) => one !== alg)) {
        await assert.rejects(
          (signers[alg] as Signer).token({}, { alg: other }).then(verify),
          refusedAs('wrong_algorithm'),
        )
      }
    })
  }

  it('knows no algorithm that it was not told to know', async () => {
    const { verify, requests } = createStand([signer, signers.RS256 as Signer], { algorithms: ['ES256'] })
    await verify(await signer.token())
    await assert.rejects((signers.RS256 as Signer).token().then(verify), refusedAs('wrong_algorithm'))
    assert.equal(requests.length, 1)
  })

  it('refuses an ECDSA signature in DER, and those that any key would accept from a careless library', async () => {
    const { verify } = createStand([signer])
    const token = await signer.token()
    const input = token.slice(0, token.lastIndexOf('.'))
    const raw = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
    const integer = (half: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), half])
    const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))])
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
    const hostile = [
      Buffer.concat([Buffer.from([0x30, body.length]), body]),
      Buffer.alloc(64),
      Buffer.concat([order, order]),
      Buffer.concat([order, raw.subarray(32)]),
      Buffer.concat([raw.subarray(0, 32), order]),
    ]
    for (const signature of hostile) {
      await assert.rejects(verify(`${input}.${signature.toString('base64url')}`), refusedAs('bad_signature'))
    }
  })
})

describe('the form of a token', () => {
  const { verify, requests } = createStand([signer])
  let token = ''
  before(async () => {
    token = await signer.token()
  })

  const lastChar = (text: string) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) ^ 1]
  }
  const broken: Record<string, (token: string) => string> = {
    'empty text': () => '',
    'a line feed at the end': (token) => `${token}\n`,
    padding: (token) => `${token}==`,
    'a NUL at the end': (token) => `${token}\0`,
    'a space at the start': (token) => ` ${token}`,
    'a space inside': (token) => token.replace('.', ' .'),
    'the ordinary base64 alphabet': (token) => `${token.slice(0, -4)}+/+/`,
    'unused bits set in the signature': lastChar,
    'no signature': (token) => token.slice(0, token.lastIndexOf('.') + 1),
    'two parts': (token) => token.slice(0, token.lastIndexOf('.')),
    'four parts': (token) => `${token}.x`,
    'a leading dot': (token) => `.${token}`,
    'five parts': (token) => `${token}.AAAA.AAAA`,
    'a part of five characters': (token) => `${token.slice(0, token.lastIndexOf('.'))}.AAAAA`,
    'more than 4 KB': (token) => token + 'A'.repeat(4097 - token.length),
    'a megabyte of dots': () => '.'.repeat(1_000_000),
    'the JSON serialisation': (token) => JSON.stringify({ payload: token.split('.')[1], signatures: [] }),
    'a header that is no JSON': (token) => `${part('{')}.${token.split('.')[1]}.AAAA`,
    'a header that is a list': (token) => `${part('[]')}.${token.split('.')[1]}.AAAA`,
    'a header that is null': (token) => `${part('null')}.${token.split('.')[1]}.AAAA`,
    'a header that is not UTF-8': (token) => {
      const header = Buffer.from(token.split('.')[0] ?? '', 'base64url')
        .toString()
        .replace('{', '{"x":"?",')
      const bytes = Buffer.from(header).map((byte) => (byte === 0x3f ? 0xff : byte))
      return `${Buffer.from(bytes).toString('base64url')}.AAAA.AAAA`
    },
    'a header behind a byte order mark': () => `${part('\ufeff{}')}.AAAA.AAAA`,
    'a header nested as deep as it can be': () => `${part('['.repeat(2900))}.AAAA.AAAA`,
  }
  for (const [name, breaks] of Object.entries(broken)) {
    it(`refuses ${name} before any key is asked for`, async () => {
      await assert.rejects(verify(breaks(token)), refusedAs('malformed'))
      assert.deepEqual(requests, [])
    })
  }

  it('refuses what is not text', async () => {
    for (const value of [7, {}, ['a.b.c'], true, new String(token)]) {
      await assert.rejects(verify(value as never), refusedAs('malformed'))
    }
  })

  it('tells that there was no token from a token that is bad', async () => {
    await assert.rejects(verify(null), refusedAs('no_token'))
    await assert.rejects(verify(undefined), refusedAs('no_token'))
  })

  it('refuses claims that are genuine but no JSON object', async () => {
    for (const payload of ['[]', 'null', '"x"', '{', '7']) {
      const input = `${part({ alg: 'ES256', typ: 'at+jwt', kid: signer.kid })}.${part(payload)}`
      const signature = (await signer.sign(input)).toString('base64url')
      await assert.rejects(verify(`${input}.${signature}`), refusedAs('malformed'))
    }
  })
})

describe('the header of a token', () => {
  const cases: [string, object, RefusedCode][] = [
    ...['none', 'None', 'NONE', 'nOnE', 'none\0', 'HS256', 'es256', '', null, 7, ['ES256'], {}, undefined].map(
      (alg): [string, object, RefusedCode] => [`alg ${JSON.stringify(alg)}`, { alg }, 'wrong_algorithm'],
    ),
    ...['__proto__', 'constructor', 'toString', '', "' OR '1'='1", '../../../../dev/null'].map(
      (kid): [string, object, RefusedCode] => [`kid ${JSON.stringify(kid)}`, { kid }, 'unknown_key'],
    ),
    ...[null, 7, {}, [signer.kid], undefined, 'k'.repeat(257)].map((kid): [string, object, RefusedCode] => [
      `kid ${JSON.stringify(kid)?.slice(0, 20)}`,
      { kid },
      'malformed',
    ]),
    ...[
      'JWT',
      'rt+jwt',
      'id+jwt',
      '',
      null,
      7,
      ['at+jwt'],
      undefined,
      'at+jwt ',
      'text/at+jwt',
      'application/x/at+jwt',
    ].map((typ): [string, object, RefusedCode] => [`typ ${JSON.stringify(typ)}`, { typ }, 'wrong_type']),
    ['crit with a name', { crit: ['exp'], exp: 1 }, 'malformed'],
    ['crit without one', { crit: [] }, 'malformed'],
    ['crit null', { crit: null }, 'malformed'],
    ['crit for b64', { crit: ['b64'], b64: false }, 'malformed'],
  ]
  for (const [name, header, code] of cases) {
    it(`refuses ${name}, even under a good signature`, async () => {
      const { verify } = createStand([signer])
      await assert.rejects(signer.token({}, header).then(verify), refusedAs(code))
    })
  }

  it('accepts the type in any case and with its prefix', async () => {
    const { verify } = createStand([signer])
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      await verify(await signer.token({}, { typ }))
    }
  })

  it('accepts another type where it was asked to', async () => {
    const { verify } = createStand([signer], { typ: 'application/secevent+jwt' })
    await verify(await signer.token({}, { typ: 'secevent+jwt' }))
    await assert.rejects(signer.token().then(verify), refusedAs('wrong_type'))
  })

  it('takes no key and follows no URL of the token itself', async () => {
    const { verify, requests } = createStand([signer])
    const own = [
      { jwk: stranger.jwk },
      { jku: 'http://127.0.0.1:9/jwks' },
      { x5u: 'http://127.0.0.1:9/c.pem' },
      { x5c: [Buffer.from('certificate').toString('base64')] },
    ]
    for (const header of own) {
      await assert.rejects(stranger.token({}, { ...header, kid: signer.kid }).then(verify), refusedAs('bad_signature'))
      await assert.rejects(stranger.token({}, header).then(verify), refusedAs('unknown_key'))
    }
    assert.deepEqual(requests, [`${issuerUrl}/.well-known/jwks.json`])
  })

  it('refuses the signature of one published key under the name of another', async () => {
    const { verify } = createStand([signer, stranger])
    await assert.rejects(signer.token({}, { kid: stranger.kid }).then(verify), refusedAs('bad_signature'))
  })

  it('refuses a MAC under anything that is public', async () => {
    const { verify } = createStand([signer])
    const input = `${part({ alg: 'HS256', typ: 'at+jwt', kid: signer.kid })}.${part(goodClaims())}`
    for (const secret of [JSON.stringify(signer.jwk), signer.jwk.x as string, `${signer.jwk.x}${signer.jwk.y}`]) {
      const key = await crypto.subtle.importKey('raw', Buffer.from(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
        'sign',
      ])
      const mac = Buffer.from(await crypto.subtle.sign('HMAC', key, Buffer.from(input))).toString('base64url')
      await assert.rejects(verify(`${input}.${mac}`), refusedAs('wrong_algorithm'))
    }
  })
})

describe('the claims of a genuine token', () => {
  const wrong = (claim: string, values: readonly unknown[], code: RefusedCode) =>
    values.map((value) => [claim, value, code] as const)
  const cases = [
    ...wrong(
      'iss',
      [`${issuerUrl}/`, issuerUrl.toUpperCase(), `${issuerUrl}.evil.com`, [issuerUrl], null, undefined],
      'wrong_issuer',
    ),
    ...wrong(
      'aud',
      ['https://auth.example', issuerUrl.toUpperCase(), ['https://b.example.com'], [], '*'],
      'wrong_audience',
    ),
    ...wrong('aud', [undefined, null, 7, {}, [[issuerUrl]], [issuerUrl, 7], ''], 'invalid_claims'),
    ...['sub', 'client_id', 'jti'].flatMap((claim) =>
      wrong(claim, [undefined, null, 7, '', {}, ['7']], 'invalid_claims'),
    ),
    ...wrong('sid', [null, 7, '', {}], 'invalid_claims'),
    ...wrong('iat', [undefined, null, String(noon), noon + 0.5, 0, -1, true], 'invalid_claims'),
    ...wrong('exp', [undefined, null, String(noon + 60), true, {}, 0, -1, noon, noon + 0.5, 1e308], 'invalid_claims'),
    ...wrong('exp', [(noon + 60) * 1000, noon + 86_401], 'invalid_claims'),
    ...wrong('nbf', [null, String(noon), {}, 0], 'invalid_claims'),
    ...wrong('nbf', [noon + 6], 'not_yet_valid'),
  ]
  for (const [claim, value, code] of cases) {
    it(`refuses ${claim} ${JSON.stringify(value)}`, async () => {
      const { verify } = createStand([signer])
      await assert.rejects(signer.token({ [claim]: value }).then(verify), refusedAs(code))
    })
  }

  it('refuses a token from the future, but for the skew', async () => {
    const { verify } = createStand([signer])
    await verify(await signer.token({ iat: noon + 5 }))
    await verify(await signer.token({ nbf: noon + 5 }))
    await assert.rejects(signer.token({ iat: noon + 6 }).then(verify), refusedAs('not_yet_valid'))
    await assert.rejects(signer.token({ iat: noon + 6, nbf: noon }).then(verify), refusedAs('not_yet_valid'))
    await assert.rejects(
      signer.token({ iat: noon + 86_400, exp: noon + 86_460 }).then(verify),
      refusedAs('not_yet_valid'),
    )
  })

  it('refuses a token from the second on in which it has expired, the skew granted', async () => {
    const stand = createStand([signer])
    const token = await signer.token()
    stand.now = noon + 64.999
    await stand.verify(token)
    stand.now = noon + 65
    await assert.rejects(stand.verify(token), refusedAs('expired'))
    const strict = createStand([signer], { clockSkew: 0 })
    strict.now = noon + 60
    await assert.rejects(strict.verify(token), refusedAs('expired'))
  })

  it('wants any one of the audiences, in a text or in a list', async () => {
    const { verify } = createStand([signer], { audience: ['https://a.example.com', 'https://b.example.com'] })
    await verify(await signer.token({ aud: 'https://b.example.com' }))
    await verify(await signer.token({ aud: [issuerUrl, 'https://a.example.com'] }))
    await assert.rejects(signer.token().then(verify), refusedAs('wrong_audience'))
  })

  it('gives what a token has, and no session where it has none', async () => {
    const { verify } = createStand([signer])
    assert.deepEqual({ ...(await verify(await signer.token({ scope: 'a b' }))) }, { ...goodClaims(), scope: 'a b' })
    assert.equal((await verify(await signer.token({ sid: undefined }))).sid, undefined)
  })

  it('reads a repeated claim as the service does: the last one counts', async () => {
    const { verify } = createStand([signer])
    const claims = JSON.stringify(goodClaims()).replace('{', '{"sub":"1",')
    const input = `${part({ alg: 'ES256', typ: 'at+jwt', kid: signer.kid })}.${part(claims)}`
    assert.equal((await verify(`${input}.${(await signer.sign(input)).toString('base64url')}`)).sub, '7')
  })

  it('lets neither a claim named __proto__ nor a polluted prototype speak for a token', async () => {
    const { verify } = createStand([signer])
    const claims = JSON.stringify(goodClaims()).replace('{', '{"__proto__":{"role":"admin"},')
    const input = `${part({ alg: 'ES256', typ: 'at+jwt', kid: signer.kid })}.${part(claims)}`
    const read = await verify(`${input}.${(await signer.sign(input)).toString('base64url')}`)
    assert.equal(read.role, undefined)
    assert.equal(Object.assign({}, read).role, undefined)
    assert.equal(({} as { role?: string }).role, undefined)

    const token = await signer.token({ sub: undefined })
    const unnamed = await signer.token({}, { kid: undefined })
    Object.assign(Object.prototype, { sub: '1', role: 'admin', kid: signer.kid })
    try {
      await assert.rejects(verify(token), refusedAs('invalid_claims'))
      await assert.rejects(verify(unnamed), refusedAs('malformed'))
      assert.equal((await verify(await signer.token())).role, undefined)
    } finally {
      for (const name of ['sub', 'role', 'kid']) Reflect.deleteProperty(Object.prototype, name)
    }
  })
})

describe('a refusal', () => {
  it('repeats nothing of the token', async () => {
    const { verify } = createStand([signer])
    const canary = 'CANARY'
    const tokens = [
      canary,
      `${part(`{${canary}`)}.AAAA.AAAA`,
      await signer.token({}, { kid: canary }),
      await signer.token({}, { typ: canary }),
      await signer.token({}, { alg: canary }),
      await signer.token({ iss: canary }),
      await signer.token({ aud: canary }),
      await signer.token({ sub: [canary] }),
      await stranger.token({ sub: canary }, { kid: signer.kid }),
    ]
    for (const token of tokens) {
      const error: TokenRefused = await verify(token).then(
        () => assert.fail(),
        (error) => error,
      )
      const text = [error.message, error.stack, JSON.stringify(error), String(error.cause)].join()
      assert.ok(!text.includes(canary) && !text.includes(token), text)
    }
  })

  it('says how to answer over HTTP', async () => {
    const answer = ({ status, headers }: TokenRefused) => ({ status, headers })
    assert.deepEqual(answer(new TokenRefused('no_token')), { status: 401, headers: { 'www-authenticate': 'Bearer' } })
    assert.deepEqual(answer(new TokenRefused('expired')), {
      status: 401,
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    })
    assert.deepEqual(answer(new TokenRefused('keys_unavailable')), { status: 503, headers: { 'retry-after': '5' } })
  })
})

describe('bearerToken', () => {
  it('finds the one token of a header', () => {
    for (const header of ['Bearer a.b-c_d', 'bearer a.b-c_d', 'BEARER a.b-c_d'])
      assert.equal(bearerToken(header), 'a.b-c_d')
  })

  it('finds nothing in any other header', () => {
    const others = [
      '',
      'Bearer',
      'Bearer ',
      'Bearer  a',
      'Bearer\ta',
      ' Bearer a',
      'Bearer a ',
      'Bearer a b',
      'Basic a',
    ]
    for (const header of [
      ...others,
      'Bearer a, Bearer b',
      'Bearer a,b',
      'Bearer %E0%A4%A',
      'Bearer \u00ff',
      'Bearer a\n',
      null,
      undefined,
    ]) {
      assert.equal(bearerToken(header), null, String(header))
    }
  })
})

describe('options', () => {
  const nonsense: Record<string, Partial<Record<keyof VerifierOptions, unknown>>> = {
    'no issuer': { issuer: '' },
    'an issuer that is no URL': { issuer: 'auth.example.com' },
    'an algorithm that nobody knows': { algorithms: ['HS256'] },
    'an algorithm that every object has': { algorithms: ['constructor'] },
    'a negative skew': { clockSkew: -1 },
    'a time-out that is no number': { timeout: '5s' },
    'a cool-down without end': { cooldown: Number.POSITIVE_INFINITY },
  }
  for (const [name, options] of Object.entries(nonsense)) {
    it(`refuses ${name} before any token comes`, () => {
      assert.throws(() => createVerifier({ issuer: issuerUrl, ...options } as VerifierOptions), TypeError)
    })
  }

  it('finds the keys below the issuer, one with a path and a slash at its end too', async () => {
    for (const issuer of ['https://example.com/auth', 'https://example.com/auth/']) {
      const { verify, requests } = createStand([signer], { issuer })
      await verify(await signer.token({ iss: issuer, aud: issuer }))
      assert.deepEqual(requests, ['https://example.com/auth/.well-known/jwks.json'])
    }
  })

  it('takes every algorithm that it names', () => {
    const every: Algorithm[] = ['ES256', 'EdDSA', 'PS256', 'RS256']
    createVerifier({ issuer: issuerUrl, algorithms: every })
  })
})

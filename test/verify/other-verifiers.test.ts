import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { testClock } from '../support/clock.ts'
import { startService, type TestService } from '../support/service.ts'

const run = promisify(execFile)

const python = `
import json, sys
import jwt
url, issuer, token = sys.argv[1:]
key = jwt.PyJWKClient(url).get_signing_key_from_jwt(token)
required = ["iss", "aud", "sub", "client_id", "iat", "exp", "jti"]
try:
    claims = jwt.decode(
        token, key.key, algorithms=["ES256"], audience=issuer, issuer=issuer, options={"require": required}
    )
    print(json.dumps(claims))
except jwt.InvalidTokenError as error:
    print(json.dumps(type(error).__name__))
`

describe('an access token of the service, under a verifier that others wrote', () => {
  let service: TestService
  let jwks: URL
  let access: string
  let forged: string
  before(async () => {
    // They know no other clock than the machine's.
    service = await startService({ clock: testClock(new Date()) })
    jwks = new URL('/.well-known/jwks.json', service.url)
    access = (await service.loggedIn()).access
    const [header, payload = '', signature] = access.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const altered = Buffer.from(JSON.stringify({ ...claims, sub: '1000' })).toString('base64url')
    forged = [header, altered, signature].join('.')
  })
  after(() => service.close())

  it('is accepted by jose from the JWKS alone, and an altered one is not', async () => {
    const options = { issuer: service.issuer, audience: service.issuer, typ: 'at+jwt', algorithms: ['ES256'] }
    const keys = createRemoteJWKSet(jwks)
    const { payload } = await jwtVerify(access, keys, options)
    assert.equal(payload.client_id, 'latchkey')
    await assert.rejects(jwtVerify(forged, keys, options), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
  })

  it("is accepted by Python's PyJWT from the JWKS alone, and an altered one is not", async (t) => {
    const command = process.env.PYTHON ?? 'python3'
    try {
      await run(command, ['-c', 'import jwt, cryptography; jwt.PyJWKClient'])
    } catch {
      console.error(`SKIPPED: ${command} has no PyJWT; install it with: python3 -m pip install 'pyjwt[crypto]'`)
      return t.skip('PyJWT is not installed')
    }
    const judge = async (token: string) => {
      const env = { ...process.env, no_proxy: '127.0.0.1', NO_PROXY: '127.0.0.1' }
      return JSON.parse((await run(command, ['-c', python, jwks.href, service.issuer, token], { env })).stdout)
    }
    assert.equal((await judge(access)).client_id, 'latchkey')
    assert.equal(await judge(forged), 'InvalidSignatureError')
  })
})

import { once } from 'node:events'
import { request } from 'node:http'

/** A call that the service has begun to read: it has asked for the body, which is not yet sent. */
export async function begin(
  url: string,
  path = 'register',
  token?: string,
): Promise<{ finish(json?: unknown): Promise<number | undefined> }> {
  const call = request(`${url}/api/v1/auth/${path}`, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
      expect: '100-continue',
      ...(token && { authorization: `Bearer ${token}` }),
    },
  })
  call.flushHeaders()
  await once(call, 'continue')
  // From here on, an answer or an error: an error that nobody waits for yet must not end the test.
  const answer = once(call, 'response')
  answer.catch(() => undefined)
  return {
    async finish(json) {
      call.end(json && JSON.stringify(json))
      const [response] = await answer
      response.resume()
      return response.statusCode
    },
  }
}

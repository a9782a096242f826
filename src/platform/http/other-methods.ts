import type { FastifyInstance, HTTPMethods } from 'fastify'
import { Refusal } from '../../kernel/refusal.ts'

const methods: readonly HTTPMethods[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE']

/** Remembers the addresses of the routes that are registered from here on. */
export function recordAddresses(app: FastifyInstance): ReadonlySet<string> {
  const addresses = new Set<string>()
  app.addHook('onRoute', ({ url }) => void addresses.add(url))
  return addresses
}

/** Answers 405 with `Allow` (RFC 9110, section 15.5.6) wherever an address has other methods. Called after all routes. */
export function refuseOtherMethods(app: FastifyInstance, addresses: ReadonlySet<string>): void {
  for (const url of [...addresses]) {
    const allowed = methods.filter((method) => app.hasRoute({ url, method }))
    app.route({
      url,
      method: methods.filter((method) => !allowed.includes(method)),
      config: { access: 'public' },
      schema: { hide: true },
      // Before the body is read: nothing that a wrong method brings along matters.
      onRequest: async (_request, reply) => {
        reply.header('allow', allowed.join(', '))
        throw new Refusal('method_not_allowed')
      },
      handler: async () => undefined,
    })
  }
}

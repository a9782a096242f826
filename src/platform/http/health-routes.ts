import { Type } from 'typebox'
import { Refusal } from '../../kernel/refusal.ts'
import { refusals } from './problem.ts'
import type { Server } from './server.ts'

const Health = Type.Object({ status: Type.Literal('ok') }, { description: 'Yes.', examples: [{ status: 'ok' }] })

interface Asks {
  readonly ping: () => Promise<void>
  /** Whether the process is about to end: it still serves, and wants no new work. */
  readonly leaving: () => boolean
}

/** Whether the process lives, and whether it can serve: the second asks the database. */
export function healthRoutes(app: Server, { ping, leaving }: Asks): void {
  app.get(
    '/health/live',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Health'],
        summary: 'Whether the process lives',
        operationId: 'live',
        response: { 200: Health, ...refusals() },
      },
    },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/health/ready',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Health'],
        summary: 'Whether the service can serve: its database answers, and it is not about to end',
        operationId: 'ready',
        response: { 200: Health, ...refusals('database_unavailable', 'shutting_down') },
      },
    },
    async () => {
      if (leaving()) throw new Refusal('shutting_down', { because: 'a signal came' })
      try {
        await ping()
      } catch (cause) {
        throw new Refusal('database_unavailable', { because: 'the readiness check failed', retryAfter: 1, cause })
      }
      return { status: 'ok' as const }
    },
  )
}

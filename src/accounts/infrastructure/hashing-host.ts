import { Refusal } from '../../kernel/refusal.ts'
import { Secret } from '../../kernel/secret.ts'
import type { HashAnswer, HashCall, HashersLine } from './hash-calls.ts'
import type { HashingPool } from './password-hasher.bcrypt.ts'

/** Has `pool` hash for the process at the other end of the line. When that one ends, all of its calls leave the queue. */
export function hostHashing(pool: HashingPool, line: HashersLine): void {
  const open = new Map<number, AbortController>()

  line.listen((asked) => {
    if (asked.kind === 'leave') open.get(asked.call)?.abort()
    else void serve(asked)
  })
  line.over.addEventListener('abort', () => {
    for (const controller of open.values()) controller.abort()
  })

  async function serve(asked: Exclude<HashCall, { kind: 'leave' }>): Promise<void> {
    const controller = new AbortController()
    open.set(asked.call, controller)
    const answer = await perform(pool, asked, controller.signal).then(
      (value): HashAnswer => ({ call: asked.call, kind: 'done', value }),
      (error): HashAnswer => ({ call: asked.call, ...failureOf(error) }),
    )
    open.delete(asked.call)
    if (!controller.signal.aborted) line.send(answer)
  }
}

async function perform(
  pool: HashingPool,
  asked: Exclude<HashCall, { kind: 'leave' }>,
  gone: AbortSignal,
): Promise<unknown> {
  if (asked.kind === 'expectRoom') return pool.expectRoom()
  const password = new Secret(asked.password)
  return asked.kind === 'hash' ? pool.hash(password, gone) : pool.verify(password, asked.stored, gone)
}

function failureOf(error: unknown) {
  if (error instanceof Refusal && error.code === 'overloaded') {
    const { retryAfter, because } = error
    return {
      kind: 'overloaded',
      ...(retryAfter !== undefined && { retryAfter }),
      ...(because !== undefined && { because }),
    } as const
  }
  return { kind: 'failed', reason: reasonOf(error) } as const
}

/** What an error and its causes say; those of the pool quote no password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`
}

import { Refusal } from '../../kernel/refusal.ts'
import type { HashAnswer, HashCall, HashingLine } from './hash-calls.ts'
import type { HashingPool } from './password-hasher.bcrypt.ts'

type Unnumbered<Call> = Call extends { call: number } ? Omit<Call, 'call'> : never

/**
 * Passwords are hashed by the process at the other end of the line, which does so for others as well, so that all of
 * them have one queue: the answers and the refusals are those of its pool. Whoever hangs up leaves that queue at once.
 */
export function remotePasswordHasher(line: HashingLine): HashingPool {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0

  line.listen((answer) => {
    // Who has left waits for no answer; one may have been on its way.
    const asked = waiting.get(answer.call)
    if (!waiting.delete(answer.call)) return
    if (answer.kind === 'done') asked?.resolve(answer.value)
    else asked?.reject(errorOf(answer))
  })
  line.over.addEventListener('abort', () => {
    for (const asked of waiting.values()) asked.reject(gone())
    waiting.clear()
  })

  async function ask(what: Unnumbered<HashCall>, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    if (line.over.aborted) throw gone()
    const call = ++calls
    const asked = Promise.withResolvers<unknown>()
    waiting.set(call, asked)
    const onHangUp = () => {
      if (!waiting.delete(call)) return
      line.send({ kind: 'leave', call })
      asked.reject(signal?.reason)
    }
    signal?.addEventListener('abort', onHangUp, { once: true })
    line.send({ ...what, call } as HashCall)
    return asked.promise.finally(() => signal?.removeEventListener('abort', onHangUp))
  }

  return {
    expectRoom: async () => void (await ask({ kind: 'expectRoom' })),
    hash: async (password, signal) => (await ask({ kind: 'hash', password: password.reveal() }, signal)) as string,
    verify: async (password, stored, signal) =>
      (await ask({ kind: 'verify', password: password.reveal(), stored }, signal)) as {
        matches: boolean
        outdated: boolean
      },
    // The pool at the other end has its own beginning and its own end.
    tryOut: async () => undefined,
    state: () => null,
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const gone = () => new Error('the process that hashes has ended')

function errorOf(answer: Exclude<HashAnswer, { kind: 'done' }>): Error {
  if (answer.kind === 'failed') return new Error(answer.reason)
  const { retryAfter, because } = answer
  return new Refusal('overloaded', {
    ...(retryAfter !== undefined && { retryAfter }),
    ...(because !== undefined && { because }),
  })
}

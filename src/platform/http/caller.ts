import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../kernel/caller.ts'
import { hangUpOf } from './hang-up.ts'

/** Whence a request comes. Behind trusted proxies the address is the right-most that is none of them. */
export const callerOf = (request: FastifyRequest): Caller => new RequestCaller(request)

/**
 * A class for its getter: in an object literal each one would be a function of its own, and with it the object of a shape
 * of its own, which V8 keeps, request and all, until it collects the whole heap.
 */
class RequestCaller implements Caller {
  readonly ip: string | null
  readonly userAgent: string | null
  readonly requestId: string
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest) {
    // At once: a connection that has closed tells no address any more.
    this.ip = request.clientAddress
    this.userAgent = request.headers['user-agent'] ?? null
    this.requestId = request.id
    this.#request = request
  }

  /** Made when it is asked for: what never waits pays nothing. */
  get gone(): AbortSignal {
    return hangUpOf(this.#request)
  }
}

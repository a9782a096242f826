import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

const signal = Symbol('aborted when the connection closes')

type Watched = Socket & { [signal]?: AbortSignal }

/**
 * Aborted when the client's connection closes. Each connection has one, made when it is first asked for, and shared by
 * all requests that come over it: one listener, however many are pipelined.
 *
 * Fastify's `request.signal` follows the request's body instead: it is aborted as soon as that has been read.
 */
export function hangUpOf({ raw }: FastifyRequest): AbortSignal {
  const socket: Watched = raw.socket
  socket[signal] ??= watch(socket)
  return socket[signal]
}

/** Whether this error says no more than that the client has gone: there is nobody to answer, and nothing is wrong. */
export const isHangUp = (error: unknown, request: FastifyRequest): boolean =>
  request.raw.socket.destroyed && error === hangUpOf(request).reason

function watch(socket: Socket): AbortSignal {
  if (socket.destroyed) return AbortSignal.abort()
  const controller = new AbortController()
  socket.once('close', () => controller.abort())
  return controller.signal
}

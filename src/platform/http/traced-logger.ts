import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

/** The log of one request, where each line bears the id of its trace: that of the request. */
export function tracedLogger(
  this: FastifyInstance,
  log: FastifyBaseLogger,
  bindings: Record<string, unknown>,
  options: Parameters<FastifyBaseLogger['child']>[1],
): FastifyBaseLogger {
  return log.child({ ...bindings, trace_id: bindings.request_id }, options)
}

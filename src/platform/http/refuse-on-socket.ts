import type { Socket } from 'node:net'
import { Refusal } from '../../kernel/refusal.ts'
import type { Log } from '../log.ts'
import type { Watch } from '../watch.ts'
import { plainHeaders } from './plain-headers.ts'
import { problemOf } from './problem.ts'
import { requestIdOf } from './request-id.ts'
import { forgetRequests } from './watch-requests.ts'

/** Answers what the HTTP parser refuses before there is a request (RFC 9112), and closes the connection. */
export function refuseOnSocket(
  error: Error & { code?: string },
  socket: Socket,
  { log, publicUrl, watch }: { log: Log; publicUrl: string; watch?: Watch },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const code =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'headers_too_large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request_timeout'
        : 'malformed_request'
  const problem = problemOf(new Refusal(code), requestIdOf({ headers: {} }), publicUrl)
  const { status, request_id } = problem
  log.info({ request_id, status, code, because: error.code, ip: socket.remoteAddress }, 'request refused')
  watch?.refused(null, 'none', code, undefined)
  watch?.unread(status)
  forgetRequests(socket)
  const body = JSON.stringify(problem)
  const headers = Object.entries(plainHeaders(publicUrl)).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n` +
      `X-Request-Id: ${problem.request_id}\r\n${headers.join('')}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

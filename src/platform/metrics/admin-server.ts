import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log } from '../log.ts'
import { contentType } from './metrics.prometheus.ts'

export interface AdminServer {
  readonly port: number
  close(): Promise<void>
}

/** Serves `/metrics` for those who run the service, and nothing else, on a port of its own. */
export async function openAdminServer(
  { host, port, log }: { readonly host: string; readonly port: number; readonly log: Log },
  metrics: () => Promise<string>,
): Promise<AdminServer> {
  // Whoever comes while the answer is made waits for that one: asking often costs no more than asking once.
  let running: Promise<string> | undefined
  const shared = () => {
    running ??= metrics().finally(() => {
      running = undefined
    })
    return running
  }
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 },
    (request, response) => {
      answer(request, response, shared).catch((err) => {
        log.error({ err }, 'the metrics could not be told')
        say(response, 500, 'The metrics could not be told: see the log.')
      })
    },
  )
  server.maxConnections = 32
  server.listen({ host, port })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: () => Promise<string>) {
  if (request.url?.split('?')[0] !== '/metrics') return say(response, 404, 'Here is /metrics.')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return say(response.setHeader('allow', 'GET, HEAD'), 405, 'GET it.')
  }
  // Before the head: when it fails there is another one to be written.
  const body = await metrics()
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
}

const say = (response: ServerResponse, status: number, sentence: string) =>
  void response.writeHead(status, { 'content-type': 'text/plain' }).end(`${sentence}\n`)

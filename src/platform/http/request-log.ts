import type { FastifyBaseLogger } from 'fastify'
import type { Log } from '../log.ts'

type Bindings = Readonly<Record<string, unknown>>
type Options = Parameters<FastifyBaseLogger['child']>[1]
type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** Makes the log of each request, whose lines bear its id; with `traced` as the id of its trace too, which is the same. */
export const requestLogs =
  (log: Log, traced: boolean) =>
  (_own: FastifyBaseLogger, bindings: Bindings, options: Options): FastifyBaseLogger =>
    new RequestLog(log, traced ? { ...bindings, trace_id: bindings.request_id } : bindings, options)

/** Makes a child of the log for its first line, since most requests write none. */
class RequestLog implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Bindings
  readonly #options: Options
  #child: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: Bindings, options: Options) {
    this.#parent = parent
    this.#bindings = bindings
    this.#options = options
  }

  get level(): string {
    return this.#own().level
  }

  child(...about: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#own().child(...about)
  }

  fatal(...line: unknown[]): void {
    this.#write('fatal', line)
  }

  error(...line: unknown[]): void {
    this.#write('error', line)
  }

  warn(...line: unknown[]): void {
    this.#write('warn', line)
  }

  info(...line: unknown[]): void {
    this.#write('info', line)
  }

  debug(...line: unknown[]): void {
    this.#write('debug', line)
  }

  trace(...line: unknown[]): void {
    this.#write('trace', line)
  }

  silent(...line: unknown[]): void {
    this.#write('silent', line)
  }

  #write(level: Level, line: unknown[]): void {
    const own = this.#own()
    Reflect.apply(own[level], own, line)
  }

  #own(): FastifyBaseLogger {
    this.#child ??= this.#parent.child({ ...this.#bindings }, this.#options)
    return this.#child
  }
}

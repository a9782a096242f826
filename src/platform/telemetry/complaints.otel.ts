import { DiagLogLevel, diag } from '@opentelemetry/api'
import type { Log } from '../log.ts'

/** In milliseconds: a receiver that is gone fails every export. */
const quiet = 60_000

/** Has what the exporters complain of in the log, once in a minute, and without what the receiver answered. */
export function logComplaints(log: Log, now = () => performance.now()): void {
  let toldAt = Number.NEGATIVE_INFINITY
  const tell = () => {
    if (now() - toldAt < quiet) return
    toldAt = now()
    log.warn('traces or metrics could not be sent to the receiver of OTEL_EXPORTER_OTLP_ENDPOINT')
  }
  const silent = () => undefined
  const logger = { error: tell, warn: silent, info: silent, debug: silent, verbose: silent }
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true })
}

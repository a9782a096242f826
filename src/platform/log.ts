import { type DestinationStream, type Logger, pino } from 'pino'

export type Log = Logger

/** JSON lines on stdout, one for each event; time in ISO 8601, and never a secret (`Secret` prints as `[secret]`). */
export function createLog(level: string, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: { service: 'latchkey' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Where a database quotes the row that it fails on, password hash and all.
      redact: { paths: ['err.detail', 'err.params'], remove: true },
    },
    destination ?? pino.destination({ fd: 1, sync: false }),
  )
}

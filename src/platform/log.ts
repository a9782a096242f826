import { type DestinationStream, type Logger, pino } from 'pino'
import { errorLine } from './error-line.ts'
import { type LogLines, logLines } from './log-lines.ts'

export type Log = Logger

/** JSON lines on stdout, one for each event; time in ISO 8601, and never a secret (`Secret` prints as `[secret]`). */
export function createLog(level: string, destination: DestinationStream = standardOutput()): Log {
  return pino(
    {
      level,
      base: { service: 'latchkey' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error) => errorLine(error) },
    },
    destination,
  )
}

function standardOutput(): DestinationStream {
  let lines: LogLines | undefined
  const open = () => {
    const opened = logLines(1, { lossLine })
    process.once('exit', opened.end)
    return opened
  }
  return {
    write(line) {
      lines ??= open()
      lines.write(line)
    },
  }
}

function lossLine(lost: number): string {
  const line = { level: 'warn', time: new Date().toISOString(), service: 'latchkey', lost }
  return `${JSON.stringify({ ...line, msg: 'lines of the log were lost: nobody read them, or the disk was full' })}\n`
}

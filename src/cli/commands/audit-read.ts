import type { Command } from 'commander'
import type { EventFilter, RecordedEvent } from '../../audit/index.ts'
import type { UserId } from '../../kernel/ids.ts'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { progressOn } from '../progress.ts'
import { table } from '../table.ts'
import { moment, type Terminal } from '../terminal.ts'
import { count, pointInTime, userId } from '../words.ts'

interface FilterOptions {
  readonly user?: UserId
  readonly kind?: string
  readonly since?: Date
  readonly until?: Date
}

const filtered = (command: Command) =>
  command
    .option('--user <id>', 'of this user', userId)
    .option('--kind <kind>', 'of this kind, such as login_failed')
    .option('--since <time>', 'from then on: 2026-11-24, or 12h ago as 12h', (text) => pointInTime(text))

const filterOf = ({ user, kind, since, until }: FilterOptions): EventFilter => ({
  ...(user !== undefined && { userId: user }),
  ...(kind !== undefined && { kind }),
  ...(since && { since }),
  ...(until && { until }),
})

/** An event as programs read it, in one line. */
const lineOf = (event: RecordedEvent) =>
  JSON.stringify({
    ...{ id: event.id, position: event.position, at: event.at, kind: event.kind, user_id: event.userId },
    ...{ session_id: event.sessionId, subject: event.subject, request_id: event.requestId },
    ...{ ip: event.ip, user_agent: event.userAgent },
  })

const headings = ['AT', 'KIND', 'USER', 'SUBJECT', 'ADDRESS', 'DEVICE']
const cellsOf = ({ at, kind, userId, subject, ip, userAgent }: RecordedEvent) => [
  ...[moment(at), kind, userId, subject, ip, userAgent],
]

export function tailCommand(audit: Command, terminal: Terminal): void {
  const tail = filtered(audit.command('tail').description('print the newest events, and with --follow those that come'))
    .option('-n, --lines <count>', 'how many', count(10_000), 20)
    .option('-f, --follow', 'go on until Ctrl-C: each event once it has its place in the chain')
  tail.action(async (options: FilterOptions & { lines: number; follow?: true }, command: Command) => {
    const desk = deskOf(terminal, command)
    const filter = filterOf(options)
    await desk.withService(async ({ auditLog: { read } }) => {
      // Begun before the newest are read, so that none falls between.
      const stop = new AbortController()
      const coming = options.follow && read.follow(stop.signal, await read.extent())
      const newest = await read.newest(filter, options.lines)
      if (desk.json) for (const event of newest) await desk.line(lineOf(event))
      else await desk.line(table(desk, headings, newest.map(cellsOf)))
      if (!coming) return
      process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())
      const shown = new Set(newest.map(({ id }) => id))
      for await (const event of coming) {
        if (shown.delete(event.id) || !matches(event, options)) continue
        await desk.line(
          desk.json
            ? lineOf(event)
            : cellsOf(event)
                .map((cell) => cell ?? '-')
                .join('  '),
        )
      }
    })
  })
  withExamples(tail, [
    ['latchkey audit tail', 'the last 20 events'],
    ['latchkey audit tail --user 7 --since 24h -n 1000', 'what one user did within a day'],
    ['latchkey audit tail --follow --json', 'a line of JSON for each event, as it comes'],
  ])
}

const matches = (event: RecordedEvent, { user, kind }: FilterOptions) =>
  (user === undefined || event.userId === String(user)) && (kind === undefined || event.kind === kind)

export function exportCommand(audit: Command, terminal: Terminal): void {
  const all = filtered(
    audit.command('export').description('print all events on record, the oldest first: a line of JSON for each'),
  ).option('--until <time>', 'before then', (text) => pointInTime(text))
  all.action(async (options: FilterOptions, command: Command) => {
    const desk = deskOf(terminal, command)
    const progress = progressOn(terminal, 'audit export')
    const events = await desk
      .withService(async ({ auditLog: { read } }) => {
        const { lowest, highest } = await read.extent()
        const total = Number(highest) - Number(lowest)
        let exported = 0
        for await (const event of read.all(filterOf(options), (id) =>
          progress.at(Number(id) - Number(lowest), total),
        )) {
          await desk.line(lineOf(event))
          exported++
        }
        return exported
      })
      .finally(() => progress.end())
    desk.note(`Exported: ${events} events.`)
  })
  withExamples(all, [
    ['latchkey audit export > audit.ndjson', 'everything'],
    ['latchkey audit export --since 2026-11-01 --until 2026-12-01 | gzip > november.ndjson.gz', 'a month'],
  ])
}

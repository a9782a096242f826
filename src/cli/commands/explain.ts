import type { Command } from 'commander'
import type { RecordedEvent } from '../../audit/index.ts'
import { type Desk, deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { explain } from '../explanations.ts'
import { CommandFailed } from '../failure.ts'
import { progressOn } from '../progress.ts'
import { fields } from '../table.ts'
import { moment, type Terminal } from '../terminal.ts'
import { pointInTime, requestId } from '../words.ts'

const notFound = [
  'No security event has this id: see the log.',
  'Events are there for logins, registrations, changes of password and genuine tokens that were refused, and for limits;',
  'of what repeats itself, one in a minute. The log has a line for every refusal, with its `because`.',
].join(' ')

/** `explain`: why a request was refused. */
export function explainCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('explain')
    .description('tell from the audit log why a request was refused: what was asked, by whom, and the exact reason')
    .argument('<request-id>', 'as `X-Request-Id`, the problem or the log has it', requestId)
    .option('--since <time>', 'look no further back: 2026-11-24, or 12h ago as 12h', (text) => pointInTime(text))
  command.action(async (id: string, { since }: { since?: Date }, own: Command) => {
    const desk = deskOf(terminal, own)
    const events = await eventsOf(desk, id, since)
    if (events.length === 0) throw new CommandFailed('refused', notFound)
    const { faces } = await import('../../platform/http/problem.ts')
    const explained = events.map((event) => {
      const { answer, ...explanation } = explain(event)
      return { event, ...explanation, answer: answer && { code: answer, status: faces[answer].status } }
    })
    const refused = explained.some(({ answer }) => answer !== null)
    await desk.answer({ request_id: id, refused, events: explained.map(plain) }, () =>
      explained.map((one) => paragraph(desk, one)).join('\n\n'),
    )
    if (!refused) desk.note('This request was not refused.')
  })
  withExamples(command, [
    ['latchkey explain 0af7651916cd43dd8448eb211c80319c', 'in words'],
    ['latchkey explain 0af7651916cd43dd8448eb211c80319c --since 2h --json', 'for a program, of the last two hours'],
  ])
}

async function eventsOf(desk: Desk, id: string, since: Date | undefined): Promise<RecordedEvent[]> {
  const progress = progressOn(desk.terminal, 'explain')
  return desk
    .withService(async ({ auditLog: { read } }) => {
      const { lowest, highest } = await read.extent()
      const total = Number(highest) - Number(lowest)
      return read.ofRequest(id, since, (place) => progress.at(Number(highest) - Number(place), total))
    })
    .finally(() => progress.end())
}

interface Explained extends Omit<ReturnType<typeof explain>, 'answer'> {
  readonly event: RecordedEvent
  readonly answer: { readonly code: string; readonly status: number } | null
}

const plain = ({ event, what, why, answer, hint }: Explained) => ({
  ...{ what, why, answer, hint },
  ...{ event: event.kind, subject: event.subject, at: event.at, id: event.id, position: event.position },
  ...{ user_id: event.userId, session_id: event.sessionId, ip: event.ip, user_agent: event.userAgent },
})

function paragraph(desk: Desk, { event, what, why, answer, hint }: Explained): string {
  const sentence = `${what}${why ? `: ${why}` : ''}.`
  const known = [
    ['at', moment(event.at)],
    ['user', event.userId ?? 'not known'],
    ['session', event.sessionId],
    ['address', event.ip ?? 'not on record'],
    ['device', event.userAgent],
    ['answered', answer && `${answer.status} ${answer.code}`],
    ['event', `${event.kind}, id ${event.id}`],
  ] as const
  return [
    desk.style('bold', sentence.replaceAll(/\p{C}/gu, '?')),
    fields(
      desk,
      known.filter(([, value]) => value !== null),
    ),
    ...(hint ? [hint] : []),
  ].join('\n')
}

import type { Command } from 'commander'
import type { UserId } from '../../kernel/ids.ts'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { progressOn } from '../progress.ts'
import { fields, table } from '../table.ts'
import { moment, type Terminal } from '../terminal.ts'
import { count, pointInTime, userId } from '../words.ts'

interface ListOptions {
  readonly email?: string
  readonly disabled?: true
  readonly enabled?: true
  readonly since?: Date
  readonly until?: Date
  readonly after?: UserId
  readonly limit: number
}

/** An account as programs read it. */
interface Plain {
  readonly id: number
  readonly email: string
  readonly createdAt: Date
  readonly disabledAt: Date | null
  readonly hasPassword: boolean
  readonly failures: { readonly known: number; readonly elsewhere: number }
}

const plain = ({ id, email, createdAt, disabledAt, hasPassword, failures }: Plain) => ({
  ...{ id, email, created_at: createdAt, disabled_at: disabledAt, has_password: hasPassword },
  failures_in_a_row: { from_known_places: failures.known, from_elsewhere: failures.elsewhere },
})

export function listCommand(users: Command, terminal: Terminal): void {
  const list = users
    .command('list')
    .description('list accounts by their ids, a page at a time')
    .option('--email <text>', 'those whose address holds this text', (text) => text.toLowerCase())
    .option('--disabled', 'those that are disabled')
    .option('--enabled', 'those that are not')
    .option('--since <time>', 'registered from then on: 2026-11-24, or 30d ago as 30d', (text) => pointInTime(text))
    .option('--until <time>', 'registered before then', (text) => pointInTime(text))
    .option('--after <id>', 'the page behind this id', userId)
    .option('--limit <count>', 'the length of a page, at most 1000', count(1000), 50)
  list.action(async (options: ListOptions, command: Command) => {
    const desk = deskOf(terminal, command)
    const { disabled, enabled, after = 0, limit, email, since, until } = options
    const filter = {
      ...(email !== undefined && { email }),
      // Both together are all.
      ...(disabled !== enabled && { disabled: disabled === true }),
      ...(since && { since }),
      ...(until && { until }),
    }
    const progress = progressOn(terminal, 'users list')
    const { accounts, next } = await desk
      .withService((service) => service.accounts.list(filter, after, limit, (id) => progress.at(id - after, null)))
      .finally(() => progress.end())
    await desk.answer({ users: accounts.map(plain), next }, () =>
      table(
        desk,
        ['ID', 'E-MAIL', 'REGISTERED', 'STATE'],
        accounts.map((one) => [one.id, one.email, moment(one.createdAt), stateOf(one)]),
      ),
    )
    if (next !== null) desk.note(`There may be more: the same with --after ${next}`)
  })
  withExamples(list, [
    ['latchkey users list', 'the first 50'],
    ['latchkey users list --email @example.com --since 7d', 'who of one domain registered within a week'],
    [
      'latchkey users list --after 1050 --limit 1000 --json',
      'a further page, for a program: `next` names the one behind',
    ],
  ])
}

const stateOf = ({ disabledAt, hasPassword }: Plain) => {
  if (disabledAt !== null) return `disabled since ${moment(disabledAt)}`
  return hasPassword ? 'open' : 'no password'
}

export function showCommand(users: Command, terminal: Terminal): void {
  const show = users.command('show').description('show one account').argument('<id-or-email>', 'its id or its address')
  show.action(async (idOrEmail: string, _options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const account = await desk.withService((service) => service.accounts.show(idOrEmail))
    const { failures, lockedOut } = account
    const lockedOutOf = lockedOut.map((from) => (from === 'known' ? 'known places' : 'all other places'))
    await desk.answer({ ...plain(account), locked_out_from: lockedOut }, () =>
      fields(desk, [
        ['id', account.id],
        ['e-mail', account.email],
        ['registered', moment(account.createdAt)],
        ['state', stateOf(account)],
        ['failures in a row', `${failures.known} from known places, ${failures.elsewhere} from elsewhere`],
        ['locked out', lockedOutOf.length > 0 ? `from ${lockedOutOf.join(' and ')}` : 'no'],
      ]),
    )
  })
  withExamples(show, [
    ['latchkey users show 7', 'by its id'],
    ['latchkey users show jane@example.com --json', 'by its address, for a program'],
  ])
}

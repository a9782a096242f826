import type { Command } from 'commander'
import type { UserId } from '../../kernel/ids.ts'
import { askNewPassword } from '../ask.ts'
import { type Desk, deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import type { Terminal } from '../terminal.ts'
import { userId } from '../words.ts'
import { listCommand, showCommand } from './users-read.ts'
import { exportCommand, importCommand } from './users-transfer.ts'

/** `users`: the accounts. */
export function usersCommands(program: Command, terminal: Terminal): void {
  const users = program.command('users').description('the accounts')
  listCommand(users, terminal)
  showCommand(users, terminal)
  createCommand(users, terminal)
  for (const change of changes) changeCommand(users, terminal, change)
  deleteCommand(users, terminal)
  setPasswordCommand(users, terminal)
  importCommand(users, terminal)
  exportCommand(users, terminal)
}

function createCommand(users: Command, terminal: Terminal): void {
  const create = users
    .command('create')
    .description('make an account; the password is asked for, or read from standard input')
    .argument('<email>', 'the address, which nobody has yet')
  create.action(async (email: string, _options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const password = await askNewPassword(terminal)
    const user = await desk.withService((service) => service.accounts.create({ email, password }, desk.operator))
    await desk.answer(user, () => `User ${user.id} is created: ${user.email}.`)
  })
  withExamples(create, [
    ['latchkey users create jane@example.com', 'asks for the password twice'],
    ['pass show jane | latchkey users create jane@example.com', 'takes it from a password manager'],
  ])
}

interface Change {
  readonly verb: 'disable' | 'enable' | 'unlock'
  readonly about: string
  readonly done: (id: UserId) => string
  readonly nothing: (id: UserId) => string
  readonly example: string
  /** What of it can not be undone, as a sentence without its end. */
  readonly deed?: (id: UserId) => string
}

const changes: readonly Change[] = [
  {
    verb: 'disable',
    about: 'shut an account and end its sessions; its logins look like wrong passwords',
    done: (id) => `User ${id} is disabled.`,
    nothing: (id) => `There is no enabled user ${id}.`,
    example: 'asks first; `latchkey users enable 7` opens it again',
    deed: (id) => `User ${id} is disabled, and all their sessions are ended`,
  },
  {
    verb: 'enable',
    about: 'open a disabled account again; its old sessions stay ended',
    done: (id) => `User ${id} is enabled.`,
    nothing: (id) => `There is no disabled user ${id}.`,
    example: 'the password is the one of before',
  },
  {
    verb: 'unlock',
    about: 'have a password tried again after too many failures in a row',
    done: (id) => `User ${id} is unlocked.`,
    nothing: (id) => `User ${id} has no failed logins.`,
    example: 'from everywhere',
  },
]

/** What changes an account or finds nothing to change, which is no failure: the account is as it was to be. */
function changeCommand(users: Command, terminal: Terminal, one: Change): void {
  const { verb, about, done, nothing, example, deed } = one
  const change = users.command(verb).description(about).argument('<id>', 'the id of the user', userId)
  change.action(async (id: UserId, _options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    if (deed) await desk.confirm(deed(id))
    const changed = await desk.withService((service) => service.accounts[verb](id, desk.operator))
    await desk.answer({ id, changed }, () => (changed ? done(id) : nothing(id)))
  })
  const inScript = [`latchkey users ${verb} 7 --yes`, 'in a script'] as const
  withExamples(change, [[`latchkey users ${verb} 7`, example], ...(deed ? [inScript] : [])])
}

function deleteCommand(users: Command, terminal: Terminal): void {
  const remove = users
    .command('delete')
    .description('delete an account for good, and end its sessions; its id is never given again')
    .argument('<id>', 'the id of the user', userId)
  remove.action(async (id: UserId, _options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    await desk.withService(async (service) => {
      const { email } = await service.accounts.show(String(id))
      await desk.confirm(`User ${id} (${email}) is deleted`)
      await service.accounts.delete(id, desk.operator)
    })
    await desk.answer({ id, deleted: true }, () => `User ${id} is deleted.`)
    desk.note(`What happened stays on record. To erase its personal data: latchkey audit erase ${id}`)
  })
  withExamples(remove, [
    ['latchkey users delete 7', 'shows the address and asks first'],
    ['latchkey users delete 7 --yes', 'in a script'],
  ])
}

function setPasswordCommand(users: Command, terminal: Terminal): void {
  const set = users
    .command('set-password')
    .description(
      'set a password in somebody’s place, and end their sessions; it is asked for, or read from standard input',
    )
    .argument('<id>', 'the id of the user', userId)
  set.action(async (id: UserId, _options: object, command: Command) => {
    const desk: Desk = deskOf(terminal, command)
    await desk.withService(async (service) => {
      const { email } = await service.accounts.show(String(id))
      await desk.confirm(`The password of user ${id} (${email}) is replaced, and all their sessions are ended`)
      const password = await askNewPassword(terminal)
      await service.accounts.setPassword(id, password, desk.operator)
    })
    await desk.answer({ id, changed: true }, () => `User ${id} has a new password, and all sessions are over.`)
  })
  withExamples(set, [
    ['latchkey users set-password 7', 'shows the address, asks first, and for the password twice'],
    ['openssl rand -base64 18 | tee /dev/tty | latchkey users set-password 7 --yes', 'in a script; shows it once'],
  ])
}

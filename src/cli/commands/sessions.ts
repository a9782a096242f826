import type { Command } from 'commander'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { CommandFailed } from '../failure.ts'
import { table } from '../table.ts'
import { moment, type Terminal } from '../terminal.ts'
import { sessionId, userId } from '../words.ts'

/** `sessions`: who is logged in where. */
export function sessionsCommands(program: Command, terminal: Terminal): void {
  const sessions = program.command('sessions').description('the sessions: who is logged in where')
  listCommand(sessions, terminal)
  revokeCommand(sessions, terminal)
}

function listCommand(sessions: Command, terminal: Terminal): void {
  const list = sessions
    .command('list')
    .description("list a user's live sessions, the last used first")
    .argument('<user-id>', 'the id of the user', userId)
  list.action(async (id: UserId, _options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const live = await desk.withService((service) => service.sessions.listOf(id))
    const plain = live.map(({ id, createdAt, lastUsedAt, expiresAt, userAgent, ip }) => ({
      ...{ id, created_at: createdAt, last_used_at: lastUsedAt, expires_at: expiresAt, user_agent: userAgent, ip },
    }))
    await desk.answer({ sessions: plain }, () =>
      table(
        desk,
        ['ID', 'LOGGED IN', 'LAST USED', 'ADDRESS', 'DEVICE'],
        live.map((one) => [one.id, moment(one.createdAt), moment(one.lastUsedAt), one.ip, one.userAgent]),
      ),
    )
  })
  withExamples(list, [['latchkey sessions list 7', 'where user 7 is logged in']])
}

function revokeCommand(sessions: Command, terminal: Terminal): void {
  const revoke = sessions
    .command('revoke')
    .description('end one session, or all of a user: its tokens are refused here at once')
    .argument('[session-id]', 'the session, whosever it is', sessionId)
    .option('--user <id>', 'all sessions of this user', userId)
  revoke.action(async (id: SessionId | undefined, { user }: { user?: UserId }, command: Command) => {
    const desk = deskOf(terminal, command)
    if ((id === undefined) === (user === undefined)) {
      throw new CommandFailed('usage', 'Name one session, or a user with --user.')
    }
    const which = id !== undefined ? { sessionId: id } : { userId: user as UserId }
    await desk.confirm(id !== undefined ? `Session ${id} is ended` : `All sessions of user ${user} are ended`)
    const revoked = await desk.withService((service) => service.sessions.end(which, desk.operator))
    await desk.answer(
      { revoked },
      () => `${revoked.length} ${revoked.length === 1 ? 'session is' : 'sessions are'} over.`,
    )
    desk.note('Elsewhere an access token lives until its own end, ACCESS_TOKEN_TTL at most.')
  })
  withExamples(revoke, [
    ['latchkey sessions revoke 0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10', 'a lost phone, say'],
    ['latchkey sessions revoke --user 7 --yes', 'all of one user, without being asked'],
  ])
}

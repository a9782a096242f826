import type { Command } from 'commander'
import type { UserId } from '../../kernel/ids.ts'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { CommandFailed } from '../failure.ts'
import { progressOn } from '../progress.ts'
import type { Terminal } from '../terminal.ts'
import { userId } from '../words.ts'
import { exportCommand, tailCommand } from './audit-read.ts'

/** `audit`: what happened. */
export function auditCommands(program: Command, terminal: Terminal): void {
  const audit = program.command('audit').description('the audit log: what happened, and whether that was tampered with')
  tailCommand(audit, terminal)
  exportCommand(audit, terminal)
  verifyCommand(audit, terminal)
  eraseCommand(audit, terminal)
}

function verifyCommand(audit: Command, terminal: Terminal): void {
  const verify = audit
    .command('verify')
    .description('compute the whole chain anew: it is intact, or what the first broken row is')
    .argument('[checkpoint]', 'one that was kept elsewhere, as the log bears it: shows also that the end was cut off')
  verify.action(async (checkpoint: string | undefined, _options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const progress = progressOn(terminal, 'audit verify')
    const { intact, text } = await desk
      .withService(async ({ auditLog }) => {
        const total = Number((await auditLog.read.extent()).position)
        return auditLog.verify(checkpoint, (events) => progress.at(events, total))
      })
      .finally(() => progress.end())
    if (!intact) throw new CommandFailed('failed', text)
    await desk.answer({ intact, text }, () => text)
  })
  withExamples(verify, [
    ['latchkey audit verify', 'ends with 0 when all is whole, else with 1'],
    ['latchkey audit verify latchkey-audit-1.42.…', 'and goes on from that checkpoint'],
  ])
}

function eraseCommand(audit: Command, terminal: Terminal): void {
  const erase = audit
    .command('erase')
    .description("erase the addresses and devices of a user's events; what happened stays, and so does the chain")
    .argument('<id>', 'the id of the user, who may be deleted already', userId)
  erase.action(async (id: UserId, _options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    await desk.confirm(`Personal data in all events of user ${id} are erased`)
    const erased = await desk.withService(({ auditLog }) => auditLog.erase(id, desk.operator))
    await desk.answer({ id, erased }, () => `Personal data of ${erased} events of user ${id} were erased.`)
  })
  withExamples(erase, [
    ['latchkey audit erase 7', 'asks first'],
    ['latchkey audit erase 7 --yes', 'in a script'],
  ])
}

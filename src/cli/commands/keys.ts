import type { Command } from 'commander'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { table } from '../table.ts'
import { moment, type Terminal } from '../terminal.ts'

/** `keys`: those that sign access tokens. */
export function keysCommands(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('the keys that sign access tokens')

  const list = keys.command('list').description('list the signing keys, and from when until when each signs')
  list.action(async (_options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const known = await desk.withService(async (service) => service.keys.list())
    const plain = known.map(({ kid, algorithm, phase, createdAt, activatesAt, retiresAt }) => {
      return { kid, algorithm, phase, created_at: createdAt, activates_at: activatesAt, retires_at: retiresAt }
    })
    await desk.answer({ keys: plain }, () =>
      table(
        desk,
        ['KID', 'ALGORITHM', 'PHASE', 'SIGNS FROM', 'UNTIL'],
        known.map(({ kid, algorithm, phase, activatesAt, retiresAt }) => [
          ...[kid, algorithm, phase, moment(activatesAt), retiresAt && moment(retiresAt)],
        ]),
      ),
    )
  })
  withExamples(list, [
    ['latchkey keys list', 'next: published, not yet signing; retired: published for tokens that live'],
    ['latchkey keys list --json', 'the same for a program'],
  ])

  const rotate = keys.command('rotate').description('announce a new signing key now, whatever the schedule says')
  rotate.action(async (_options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const announced = await desk.withService(async (service) => {
      const before = new Set(service.keys.list().map(({ kid }) => kid))
      await service.keys.rotate(desk.operator)
      return service.keys.list().find(({ kid }) => !before.has(kid)) ?? null
    })
    await desk.answer({ kid: announced?.kid ?? null, activates_at: announced?.activatesAt ?? null }, () =>
      announced
        ? `Announced: ${announced.kid}. It signs from ${moment(announced.activatesAt)} on, when every verifier can know it.`
        : 'A successor of the signing key is announced already: see `latchkey keys list`.',
    )
  })
  withExamples(rotate, [['latchkey keys rotate', 'the present key signs until every verifier can know the new one']])

  const withdraw = keys
    .command('withdraw')
    .description('take a signing key away at once: its tokens are refused here, sessions live on')
    .argument('<kid>', 'the key, as `latchkey keys list` names it')
  withdraw.action(async (kid: string, _options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    await desk.confirm(`Signing key ${kid} is withdrawn, and tokens that it signed are refused`)
    await desk.withService((service) => service.keys.withdraw(kid, desk.operator))
    await desk.answer({ withdrawn: kid }, () => `Withdrawn: ${kid}. Tokens that it signed are refused here.`)
    desk.note('Verifiers elsewhere may hold it until their copy of the JWKS ends.')
  })
  withExamples(withdraw, [
    ['latchkey keys withdraw hR3…', 'asks first'],
    ['latchkey keys withdraw hR3… --yes', 'in a script'],
  ])
}

import type { Command } from 'commander'
import { type Desk, deskOf } from '../desk.ts'
import { type Finding, type Severity, worstOf } from '../doctor/finding.ts'
import { withExamples } from '../examples.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'

/** `doctor`: what an operator can get wrong. */
export function doctorCommand(program: Command, terminal: Terminal): void {
  const doctor = program
    .command('doctor')
    .description('check what can be set up wrong, and say how to mend it; ends with 1 for errors, with 6 for warnings')
  doctor.action(async (_options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const { examine } = await import('../doctor/doctor.ts')
    const findings: Finding[] = []
    for await (const more of examine(terminal.env)) {
      findings.push(...more)
      if (!desk.json) for (const finding of more) await desk.line(textOf(desk, finding))
    }
    const worst = worstOf(findings)
    if (desk.json) await desk.line(JSON.stringify({ worst, findings }, null, 2))
    else await desk.line(`\n${summaryOf(findings)}`)
    process.exitCode = exitCodes[outcomes[worst]].code
  })
  withExamples(doctor, [
    ['latchkey doctor', 'beside a running service: asks it through PUBLIC_URL too'],
    ['latchkey doctor --json', 'for a program: `worst` and `findings`'],
  ])
}

const outcomes = { ok: 'done', note: 'done', warning: 'warned', error: 'failed' } as const satisfies Record<
  Severity,
  keyof typeof exitCodes
>
const styles = { ok: 'green', note: 'cyan', warning: 'yellow', error: 'red' } as const

function textOf(desk: Desk, { check, severity, what, why, mend }: Finding): string {
  const first = `${desk.style(styles[severity], severity.padEnd(7))}  ${desk.style('bold', check)}: ${what}`
  const lines = [why && `Why: ${why}`, mend && `Do:  ${mend}`].filter((line) => line !== undefined)
  return [first, ...lines.map((line) => `         ${line}`)].join('\n')
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length
  return `${count('error')} errors, ${count('warning')} warnings, ${count('note')} notes, ${count('ok')} well.`
}

/** How bad it is: nothing; good to know; to be mended soon; to be mended before anybody relies on the service. */
export const severities = ['ok', 'note', 'warning', 'error'] as const
export type Severity = (typeof severities)[number]

/** What a check has found. */
export interface Finding {
  /** The name of what was looked at, for programs: never renamed. */
  readonly check: string
  readonly severity: Severity
  /** What is so. */
  readonly what: string
  /** Why it matters; nothing where all is well. */
  readonly why?: string
  /** The line that mends it: a command, a variable, a statement of SQL. */
  readonly mend?: string
}

export const ok = (check: string, what: string): Finding => ({ check, severity: 'ok', what })

export const found = (
  severity: Exclude<Severity, 'ok'>,
  check: string,
  what: string,
  why: string,
  mend: string,
): Finding => ({ check, severity, what, why, mend })

export const worstOf = (findings: readonly Finding[]): Severity =>
  severities.findLast((severity) => findings.some((finding) => finding.severity === severity)) ?? 'ok'

import { isDeepStrictEqual } from 'node:util'
import type { Config } from './config.ts'
import { variableOf } from './config-file.ts'
import { shown } from './config-report.ts'
import { Secret } from './kernel/secret.ts'

/** What may change while the service runs: each is asked for anew whenever it matters, and no two have to fit. */
export const adjustable = ['logLevel', 'rateLimit', 'maxSessionsPerUser'] as const satisfies (keyof Config)[]

export type Adjustable = Pick<Config, (typeof adjustable)[number]>

export interface Change {
  readonly variable: string
  readonly from: string | null
  readonly to: string | null
}

export interface Reload {
  /** What is in force after it. */
  readonly adjusted: Adjustable
  readonly changes: readonly Change[]
  /** The variables that have changed too, and stay as they are in force until the next start. */
  readonly needRestart: readonly string[]
}

/** What a configuration that was just read changes in the one that is in force. */
export function planReload(inForce: Config, found: Config): Reload {
  const changed = (Object.keys(found) as (keyof Config)[]).filter((field) => !isSame(inForce[field], found[field]))
  const isAdjustable = (field: keyof Config) => (adjustable as readonly string[]).includes(field)
  const { logLevel, rateLimit, maxSessionsPerUser } = found
  return {
    adjusted: { logLevel, rateLimit, maxSessionsPerUser },
    changes: changed.filter(isAdjustable).map((field) => {
      const variable = variableOf(field)
      return { variable, from: shown(variable, inForce[field]), to: shown(variable, found[field]) }
    }),
    needRestart: changed.filter((field) => !isAdjustable(field)).map(variableOf),
  }
}

/** Those values as a process that is started with them finds them in its environment. */
export const variablesOf = (values: Adjustable): Record<string, string> =>
  Object.fromEntries(adjustable.map((field) => [variableOf(field), shown(variableOf(field), values[field]) ?? '']))

function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Secret && other instanceof Secret) return one.reveal() === other.reveal()
  return isDeepStrictEqual(one, other)
}

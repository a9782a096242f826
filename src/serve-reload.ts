import { type Config, ConfigError, parseConfig } from './config.ts'
import { withConfigFile } from './config-file.ts'
import { type Adjustable, planReload } from './config-reload.ts'
import type { Log } from './platform/log.ts'

/** Has new values come into force; `what` says which, from what and to what. */
export type Adjust = (values: Adjustable, what: string) => void

/**
 * Reads the file of CONFIG_FILE again at each SIGHUP, from this moment on: one that comes before `begin` is answered
 * then. What can change while the service runs does, what can not is named and ignored; where anything is wrong
 * nothing changes. Without such a file the signal is left to its other meaning, that a terminal has closed.
 */
export function reloadOnHangUp(config: Config, log: Log): { begin(adjust: Adjust): void } {
  let inForce = config
  let adjust: Adjust | null = null
  let asked = false

  function reload(change: Adjust): void {
    const found = readAgain(log)
    if (!found) return
    const { adjusted, changes, needRestart } = planReload(inForce, found)
    if (needRestart.length > 0) {
      log.warn({ variables: needRestart }, 'these variables need a restart: their changes are ignored')
    }
    const before = log.isLevelEnabled('info')
    // A line that one of the two levels shows is shown, whichever way it goes.
    const tell = () => log.info({ changes }, 'the configuration was reloaded')
    if (before) tell()
    inForce = { ...inForce, ...adjusted }
    log.level = adjusted.logLevel
    if (!before) tell()
    if (changes.length > 0) {
      change(adjusted, changes.map(({ variable, from, to }) => `${variable} from ${from} to ${to}`).join(', '))
    }
  }

  if (config.configFile !== null) {
    process.on('SIGHUP', () => {
      if (adjust) reload(adjust)
      else asked = true
    })
  }
  return {
    begin(change) {
      adjust = change
      if (asked) reload(change)
    },
  }
}

function readAgain(log: Log): Config | null {
  try {
    return parseConfig(withConfigFile(process.env))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    log.error({ problems: error.problems }, 'the configuration was not reloaded, and nothing has changed')
    return null
  }
}

/** What ends a process that serves: also the end of its terminal, where that does not have the file read again. */
export const endingSignals = ({ configFile }: Config): NodeJS.Signals[] =>
  configFile === null ? ['SIGTERM', 'SIGINT', 'SIGHUP'] : ['SIGTERM', 'SIGINT']

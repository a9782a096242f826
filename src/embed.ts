import { compose } from './compose.ts'
import { type Config, ConfigError, parseConfig } from './config.ts'
import type * as contract from './embed-contract.ts'
import { createLog } from './platform/log.ts'
import { closeAfter } from './serve-words.ts'

export { ConfigError } from './config.ts'
export type * from './embed-contract.ts'
export { version } from './version.ts'

/** A sentence for each setting that only the command does something with: none is passed over without a word. */
function foreignIn({ workers, configFile, adminPort }: Config): string[] {
  const problems = []
  if (workers > 1) problems.push('WORKERS must be 1 inside another program: more are processes of their own.')
  if (configFile !== null) {
    problems.push(
      'CONFIG_FILE must be absent inside another program: no file is read there, so hand its variables over.',
    )
  }
  if (adminPort !== null)
    problems.push('ADMIN_PORT must be absent inside another program: no metrics are served there.')
  return problems
}

/** See the contract. */
export const createLatchkey: typeof contract.createLatchkey = async (settings = {}, surroundings = {}) => {
  const config = parseConfig({ ...settings })
  const problems = foreignIn(config)
  if (problems.length > 0) throw new ConfigError(problems)
  const { writeLog, onFatal } = surroundings
  const log = createLog(config.logLevel, writeLog && { write: writeLog })
  const service = await compose(config, {
    log,
    onFatal(err) {
      log.fatal({ err }, 'the database has stopped for good')
      onFatal?.(err)
    },
  })
  let closed: Promise<void> | undefined
  return {
    listen: () => service.app.listen({ host: config.host, port: config.port }),
    leave: service.leave,
    close() {
      closed ??= closeAfter(0, service)
      return closed
    },
  }
}

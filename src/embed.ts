import { compose } from './compose.ts'
import { ConfigError, parseConfig } from './config.ts'
import type * as contract from './embed-contract.ts'
import { createLog } from './platform/log.ts'
import { closeAfter } from './serve-words.ts'

export { ConfigError } from './config.ts'
export type * from './embed-contract.ts'
export { version } from './version.ts'

/** See the contract. */
export const createLatchkey: typeof contract.createLatchkey = async (settings = {}, surroundings = {}) => {
  const config = parseConfig({ ...settings })
  if (config.workers > 1) {
    throw new ConfigError(['WORKERS must be 1 inside another program: more are processes of their own.'])
  }
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

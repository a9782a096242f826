/**
 * The engine has met something that it can't go on from, such as a full or a failing disk. Every call from then on
 * throws this. What was acknowledged is safe: the next start recovers it from the write-ahead log.
 */
export class EmbeddedStopped extends Error {
  override readonly name = 'EmbeddedStopped'

  constructor(because: string, cause: unknown) {
    super(`The embedded database has stopped and needs a new start of the process: ${because}`, { cause })
  }
}

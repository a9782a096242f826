import { open } from 'node:fs/promises'

/** A text file that grows line by line. What can't be written rejects at once, in a sentence that names the file. */
export interface LineFile {
  write(line: string): Promise<void>
  /** Writes all of it through to the disk, and closes it. */
  end(): Promise<void>
  /** Closes it as it is; what was not written yet is lost. Never rejects. */
  abandon(): Promise<void>
}

/** In characters. So much is written at a time. */
const piece = 64 * 1024

/**
 * Makes a file that only its owner can read.
 *
 * @param how `new` where nothing may stand at that path, and `anew` where it is written over.
 * @throws Error with the code EEXIST where it stands there and must not, else with a sentence.
 */
export async function createLineFile(path: string, how: 'new' | 'anew'): Promise<LineFile> {
  const told = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw error
    throw new Error(`${path} can not be written: ${error.code ?? error.message}.`, { cause: error })
  }
  const file = await open(path, how === 'new' ? 'wx' : 'w', 0o600).catch(told)
  let waiting = ''
  const flush = async () => {
    const text = waiting
    waiting = ''
    // Without a stream between: one tells of a full disk in an event, which may come when nobody listens.
    if (text !== '') await file.appendFile(text).catch(told)
  }
  return {
    async write(line) {
      waiting += `${line}\n`
      if (waiting.length >= piece) await flush()
    },
    async end() {
      await flush()
      await file.sync().catch(told)
      await file.close().catch(told)
    },
    async abandon() {
      await file.close().catch(() => undefined)
    },
  }
}

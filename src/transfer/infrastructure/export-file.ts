import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import type { LineSink } from '../application/ports.ts'

/**
 * Writes a file that only its owner can read. It gets its name when it is whole and on the disk; one that stands there
 * already is not written over.
 *
 * @throws Error with the code EEXIST
 */
export async function writeExport<T>(path: string, work: (sink: LineSink) => Promise<T>): Promise<T> {
  // Takes the name, so that nobody finds out after an hour that it is taken.
  await (await open(path, 'wx', 0o600)).close()
  const unfinished = `${path}.part`
  try {
    await rm(unfinished, { force: true })
    const file = await open(unfinished, 'wx', 0o600)
    const stream = createWriteStream('', { fd: file, flush: true })
    const result = await work(sinkOf(stream))
    stream.end()
    await finished(stream)
    await rename(unfinished, path)
    return result
  } catch (error) {
    await rm(unfinished, { force: true })
    await rm(path, { force: true })
    throw error
  }
}

/** Lines into a stream, as fast as it takes them. */
export function sinkOf(stream: NodeJS.WritableStream): LineSink {
  return {
    async write(line) {
      if (!stream.write(`${line}\n`)) await once(stream, 'drain')
    },
  }
}

import { randomBytes } from 'node:crypto'
import { access, link, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createLineFile } from '../../platform/line-file.ts'
import { syncFolder } from '../../platform/sync-folder.ts'
import type { LineSink } from '../application/ports.ts'

/**
 * Writes a file that only its owner can read. It gets its name when it is whole and on the disk, and not before; one that
 * stands there already is not written over.
 *
 * @throws Error with the code EEXIST
 */
export async function writeExport<T>(path: string, work: (sink: LineSink) => Promise<T>): Promise<T> {
  // Nobody is to find out after an hour that the name is taken.
  if (await isThere(path)) throw Object.assign(new Error(`${path} is there already`), { code: 'EEXIST' })
  // A name of its own: another export to this path is not to write into this one's file, nor to take it away.
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.part`
  const file = await createLineFile(unfinished, 'new')
  try {
    const result = await work(file)
    await file.end()
    await takeName(unfinished, path)
    return result
  } catch (error) {
    await file.abandon()
    await rm(unfinished, { force: true })
    throw error
  }
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** What file systems that have no second names for a file say. */
const noLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

/** A second name is refused where the path is taken; another name for the file would take its place. */
async function takeName(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!noLinks.includes(String((error as NodeJS.ErrnoException).code))) throw error
    await rename(from, to)
  }
  // The export is there, and whole: what fails from here on does not make it a failed one.
  await rm(from, { force: true }).catch(() => undefined)
  await syncFolder(dirname(to)).catch(() => undefined)
}

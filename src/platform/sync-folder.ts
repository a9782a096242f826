import { open } from 'node:fs/promises'

/** Writes a folder's entries through to the disk, where the system can: a new file survives a power cut. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, 'r')
    await folder.sync()
  } catch (error) {
    // Not every system can sync a folder. PostgreSQL lets the same ones pass (fsync_fname_ext).
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (!['EISDIR', 'EACCES', 'EPERM', 'EBADF', 'EINVAL'].includes(String(code))) throw error
  }
}

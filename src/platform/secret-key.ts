import { hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '../kernel/secret.ts'
import { syncFolder } from './sync-folder.ts'

const fileName = 'secret.key'

/**
 * The secret key that lies in `dataDir`, made at the first start: 48 random bytes as text, in a file that its owner
 * alone may read (mode 0600). Of several processes that make it at once one succeeds, and all read that one.
 *
 * @throws Error when the file can't be read or written, or holds less than 32 bytes.
 */
export async function secretKeyIn(dataDir: string): Promise<Secret> {
  const path = join(dataDir, fileName)
  const found = (await read(path)) ?? (await create(dataDir, path))
  if (Buffer.byteLength(found) < 32) {
    throw new Error(
      `The secret key in ${path} is damaged: it must be at least 32 bytes long. Restore it from a backup.`,
    )
  }
  return new Secret(found)
}

async function read(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function create(dataDir: string, path: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(48).toString('base64url')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  // A link appears whole or not at all, and never replaces the key that another process has just made.
  await link(draft, path).catch((error) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(draft)
  await syncFolder(dataDir)
  return (await read(path)) ?? ''
}

/** A key of 32 bytes for one purpose alone, by HKDF-SHA-256 (RFC 5869): no purpose's key tells of another's. */
export function deriveKey(secret: Secret, purpose: string): Secret<Buffer> {
  return new Secret(Buffer.from(hkdfSync('sha256', secret.reveal(), '', `latchkey/v1/${purpose}`, 32)))
}

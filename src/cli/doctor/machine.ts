import { readFile, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Finding, found, ok } from './finding.ts'

/** The Node that everything is tested with. */
const neededNode = 24
/** In files: the connections of clients and of the database, and the embedded database's files. */
const fewFiles = 4096
const gigabyte = 1024 ** 3

/** What the process runs on: Node, rights, open files, disk. */
export async function lookAtMachine(dataDir: string): Promise<Finding[]> {
  return [
    ...judgeNode(process.versions.node),
    ...judgeRights(process.getuid?.() ?? null),
    ...judgeOpenFiles(await openFiles()),
    ...judgeDisk(dataDir, await diskOf(dataDir)),
  ]
}

export function judgeNode(version: string): Finding[] {
  const major = Number(version.split('.')[0])
  if (major === neededNode) return [ok('node', `Node.js ${version}.`)]
  return major < neededNode
    ? [
        found(
          'error',
          'node',
          `Node.js ${version} runs here.`,
          `The service is written for Node.js ${neededNode}.`,
          `npm install --global node@${neededNode}`,
        ),
      ]
    : [
        found(
          'note',
          'node',
          `Node.js ${version} runs here.`,
          `The service is tested with Node.js ${neededNode}.`,
          `npm install --global node@${neededNode}`,
        ),
      ]
}

export function judgeRights(uid: number | null): Finding[] {
  if (uid !== 0) return [ok('rights', 'The process has no special rights.')]
  return [
    found(
      'warning',
      'rights',
      'The process runs as root.',
      'Whoever breaks into it has the machine.',
      'run it as a user of its own: `useradd --system latchkey`, and `User=latchkey` in its unit',
    ),
  ]
}

/** @param files how many may be open; null where the system does not say. */
export function judgeOpenFiles(files: number | null): Finding[] {
  if (files === null || files >= fewFiles) return [ok('open-files', `${files ?? 'Enough'} files may be open.`)]
  return [
    found(
      'warning',
      'open-files',
      `${files} files may be open.`,
      'Each connection is one: those beyond are closed at once.',
      'ulimit -n 65536, or LimitNOFILE=65536 in its unit',
    ),
  ]
}

async function openFiles(): Promise<number | null> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const soft = /^Max open files +([0-9]+)/m.exec(limits)?.[1]
  return soft === undefined ? null : Number(soft)
}

/** In bytes. */
export interface Disk {
  readonly free: number
  readonly size: number
}

export function judgeDisk(dataDir: string, disk: Disk | null): Finding[] {
  if (disk === null) return []
  const text = `${(disk.free / gigabyte).toFixed(1)} GB are free where ${dataDir} is.`
  if (disk.free >= gigabyte && disk.free >= disk.size * 0.05) return [ok('disk', text)]
  const why = 'On a full disk the embedded database stops, and no log is written.'
  return [found(disk.free < gigabyte / 4 ? 'error' : 'warning', 'disk', text, why, `df -h ${dataDir}, and make room`)]
}

/** Of the folder, or of the nearest one above it that is there. */
async function diskOf(path: string): Promise<Disk | null> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const found = await statfs(folder).catch(() => null)
    if (found) return { free: found.bavail * found.bsize, size: found.blocks * found.bsize }
    if (folder === dirname(folder)) return null
  }
}

import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashPassword } from './bcrypt-hash.ts'
import { nativeBcrypt } from './bcrypt-native.ts'
import { foreignDigest } from './foreign-digest.crypto.ts'
import { createPasswordCheck } from './password-check.ts'

/** One job is all that a request needs, so that it waits once. The answer is a hash or a `Verification`. */
export type BcryptTask =
  | { readonly kind: 'hash'; readonly password: string; readonly cost: number }
  | { readonly kind: 'verify'; readonly password: string; readonly stored: string | null; readonly cost: number }

// The lowest priority: the event loop goes first whenever it has something to do. Elsewhere than on Linux this would
// be the priority of the whole process.
if (process.platform === 'linux') setPriority(19)

const checkPassword = createPasswordCheck({ bcrypt: nativeBcrypt, foreignDigest, spent })

parentPort?.on('message', (task: BcryptTask) => parentPort?.postMessage(perform(task)))

function perform(task: BcryptTask): unknown {
  try {
    return task.kind === 'hash'
      ? hashPassword(nativeBcrypt, task.password, task.cost)
      : checkPassword(task.password, task.stored, task.cost)
  } catch (error) {
    // A foreign error's text may quote its argument; its name may not.
    throw new Error(`hashing failed: ${error instanceof Error ? error.name : typeof error}`)
  }
}

function spent() {
  const { user, system } = process.threadCpuUsage()
  return { cpu: (user + system) / 1000, wall: performance.now() }
}

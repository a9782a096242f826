import { isMainThread } from 'node:worker_threads'

/**
 * Loaded before each file of tests. The runner bounds a test and not a file: one that leaves something open would be
 * waited for without an end, and nobody would learn which it was.
 */
const seconds = Number(process.env.TEST_FILE_SECONDS)

if (isMainThread && seconds > 0) {
  setTimeout(() => {
    const [, file] = process.argv
    console.error(`${file} has not ended after ${seconds} s; open: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, seconds * 1000).unref()
}

#!/usr/bin/env node
// In the JavaScript of an old Node, which is to read at least the sentence that tells it so.
import { existsSync } from 'node:fs'

const needed = 24

if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write(
    `latchkey: Node.js ${needed} or later is needed, and this is ${process.version}. npm brings one along:\n` +
      `  npx --package=node@${needed} --package=latchkey latchkey\n`,
  )
  process.exitCode = 1
} else {
  // Built in a package and in an image; a clone of the repository runs its sources.
  const built = new URL('../dist/main.js', import.meta.url)
  await import(existsSync(built) ? built.href : new URL('../src/main.ts', import.meta.url).href)
}

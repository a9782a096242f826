import { failureOf } from './cli/failure.ts'
import { fail, serve } from './serve.ts'

async function main(words: readonly string[]): Promise<void> {
  if (words.length === 0 || (words.length === 1 && words[0] === 'serve')) return serve()
  // Loaded only here: a service has no use for it.
  const { runCommandLine } = await import('./cli/run.ts')
  await runCommandLine(words, serve)
}

main(process.argv.slice(2)).catch((error) => fail(failureOf(error).sentences))

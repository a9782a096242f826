/** `npm run bench`: measures this service beside the limit program and its peers. See bench/README.md. */
import { join, relative } from 'node:path'
import { expectQuotable, help, OptionError, parseOptions } from './options.ts'
import { consoleTables } from './report/console-tables.ts'
import { commit } from './report/machine.ts'
import { writeReport } from './report/write.ts'
import { bench } from './run/bench.ts'

// What is started ends with this process when that exits, which it would not do by itself at a signal.
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))

const words = process.argv.slice(2)
try {
  const options = parseOptions(words)
  if (options) {
    expectQuotable(options, commit(join(import.meta.dirname, '..')))
    const report = await bench(options, ['npm run bench', ...(words.length > 0 ? ['--', ...words] : [])].join(' '))
    writeReport(report, options.out)
    console.log(`${consoleTables(report)}\n\nWritten to ${relative(process.cwd(), options.out)}/benchmarks.md`)
  } else {
    console.log(help)
  }
} catch (error) {
  const { message } = error as Error
  console.error(error instanceof OptionError ? `${message}\n\n${help}` : `The bench has failed: ${message}`)
  process.exitCode = 1
}

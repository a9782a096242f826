import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { markdown } from './markdown.ts'
import { plotsOf } from './plots.ts'
import type { Report } from './report.ts'

/** Writes `benchmarks.json`, `benchmarks.md` and the plots into the folder, in place of those of the run before. */
export function writeReport(report: Report, folder: string): void {
  const plots = plotsOf(report.results)
  const readme = relative(folder, join(import.meta.dirname, '..', 'README.md')).replaceAll('\\', '/')
  const drawings = join(folder, 'benchmarks')
  rmSync(drawings, { recursive: true, force: true })
  mkdirSync(drawings, { recursive: true })
  for (const { file, svg } of plots) writeFileSync(join(drawings, file), svg)
  writeFileSync(join(folder, 'benchmarks.json'), `${JSON.stringify(report, null, 2)}\n`)
  const distance = readFileSync(join(import.meta.dirname, '..', 'distance.md'), 'utf8')
  writeFileSync(join(folder, 'benchmarks.md'), markdown(report, plots, readme, distance))
}

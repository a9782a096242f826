import { ConfigError, parseConfig } from '../../src/config.ts'
import { reportConfig } from '../../src/config-report.ts'
import { telemetrySection } from './telemetry.ts'

const head = `# Configuration

Every variable of the environment that is read, with its default and what it may be, as the program itself says both. All are
optional; an empty one counts as unset. All are checked before anything starts: a wrong or contradictory value
stops the start with the sentence that stands here. \`latchkey config\` prints what is in force and where each value comes
from. This page is written by \`npm run generate:reference\`; what each variable means is taken from the
[README](../../README.md#configuration), which has more on the proxy in front and on workers. Those of
[OpenTelemetry](#opentelemetry) stand at the end.
`

/** @param readme whose table says what each variable is; `metrics` is the page that says it of OpenTelemetry's. */
export function configurationPage(readme: string, metrics: string): string {
  const meanings = meaningsIn(readme)
  const sections = reportConfig({}).map(({ name, value, from }) => {
    const meaning = meanings.get(name)
    if (meaning === undefined) throw new Error(`the README does not say what ${name} is`)
    const given = from === 'file' ? 'generated into `DATA_DIR` at the first start' : value && `\`${value}\``
    return `## ${name}\n\n${meaning}\n\n- Default: ${given ?? 'none'}\n- Allowed: ${allowedOf(name)}\n`
  })
  return [head, ...sections, telemetrySection(metrics)].join('\n')
}

/** The meanings, with links that lead from this page to where they led. */
function meaningsIn(readme: string): Map<string, string> {
  const [, section = ''] = /^## Configuration\n(.*?)^## /ms.exec(readme) ?? []
  const rows = [...section.matchAll(/^\| `([A-Z_]+)` \| (?:[^|]+) \| (.+) \|$/gm)]
  return new Map(
    rows.map(([, name = '', text = '']) => [
      name,
      text.replaceAll('](docs/', '](../').replaceAll('](#', '](../../README.md#'),
    ]),
  )
}

// No variable takes it: too long for a number, no word of any list, no URL, no network, with characters of no host.
const impossible = ' never '

/** What a refusal of a wrong value says that it must be. */
function allowedOf(name: string): string {
  try {
    parseConfig({ [name]: impossible })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const [sentence = ''] = error.problems
    return sentence.replace(/^\w+ must be /, '')
  }
  return 'any path.'
}

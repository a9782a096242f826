/** One series of a metric, as Prometheus' text format has it. */
export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What a scrape says: the series, and of each metric its type. */
export interface Exposition {
  readonly text: string
  readonly types: ReadonlyMap<string, string>
  readonly series: readonly Series[]
  /** The sum of the series of that name whose labels are these and any others. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/

export function expositionOf(text: string): Exposition {
  const types = new Map<string, string>()
  const series: Series[] = []
  for (const one of text.split('\n')) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(one) ?? []
    if (typed !== undefined) types.set(typed, type ?? '')
    if (one === '' || one.startsWith('#')) continue
    const [, name = '', labels = '', value = ''] = line.exec(one) ?? []
    if (name === '') throw new Error(`this is no line of a metric: ${one}`)
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
    series.push({ name, labels: Object.fromEntries(pairs), value: Number(value) })
  }
  return {
    text,
    types,
    series,
    sum: (name, wanted = {}) =>
      series
        .filter((one) => one.name === name)
        .filter(({ labels }) => Object.entries(wanted).every(([key, value]) => labels[key] === value))
        .reduce((sum, { value }) => sum + value, 0),
  }
}

export async function scrape(port: number | string): Promise<Exposition> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`a scrape was answered ${response.status}: ${text}`)
  return expositionOf(text)
}

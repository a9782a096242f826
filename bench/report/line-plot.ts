export interface Line {
  readonly name: string
  /** Both positive: the axes are logarithmic. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

interface Labels {
  readonly title: string
  readonly x: string
  readonly y: string
}

const size = { width: 640, height: 360, left: 64, right: 110, top: 36, bottom: 44 }
const colours = ['#1f6feb', '#57606a', '#cf222e', '#8250df', '#1a7f37', '#bf8700']

/** Lines on two logarithmic axes as an SVG text. */
export function linePlot({ title, x, y }: Labels, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points)
  const xs = points.map(([value]) => value)
  const across = scale(Math.min(...xs), Math.max(...xs), size.left, size.width - size.right)
  const ys = decades(points.map(([, value]) => value))
  const up = scale(ys.at(0) ?? 1, ys.at(-1) ?? 10, size.height - size.bottom, size.top)
  const bottom = size.height - size.bottom
  const grid = ys.map(
    (value) =>
      `<line x1="${size.left}" x2="${size.width - size.right}" y1="${up(value)}" y2="${up(value)}" stroke="#d0d7de"/>` +
      text(size.left - 6, up(value) + 4, label(value), 'end'),
  )
  const ticks = [...new Set(xs)].map((value) => text(across(value), bottom + 16, label(value), 'middle'))
  const names = apart(lines.map(({ name, points }) => [name, up(points.at(-1)?.[1] ?? ys.at(0) ?? 1)]))
  const drawn = lines.map(({ name, points }, index) => {
    const colour = colours[index % colours.length]
    const places = points.map(([px, py]) => [across(px), up(py)] as const)
    return (
      `<polyline points="${places.map((place) => place.join()).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>` +
      places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`).join('') +
      text(size.width - size.right + 8, (names.get(name) ?? bottom) + 4, name, 'start', colour)
    )
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(size.left, 20, `${title}: ${y}`, 'start', '#1f2328'),
    text((size.left + size.width - size.right) / 2, size.height - 8, x, 'middle'),
    ...grid,
    ...ticks,
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

function scale(least: number, most: number, from: number, to: number): (value: number) => number {
  const span = Math.log(most / least) || 1
  return (value) => Math.round((from + (Math.log(value / least) / span) * (to - from)) * 10) / 10
}

/** Moves names down until none lies on another. */
function apart(wanted: readonly (readonly [name: string, y: number])[]): Map<string, number> {
  let last = Number.NEGATIVE_INFINITY
  return new Map(
    wanted
      .toSorted(([, a], [, b]) => a - b)
      .map(([name, y]) => {
        last = Math.max(y, last + 14)
        return [name, last]
      }),
  )
}

/** Powers of ten that enclose all values. */
function decades(values: readonly number[]): number[] {
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))]
  return Array.from({ length: Math.max(high, low + 1) - low + 1 }, (_, index) => 10 ** (low + index))
}

const label = (value: number) => (value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(3))))

const text = (x: number, y: number, words: string, anchor: string, colour = '#57606a') =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}">${escaped(words)}</text>`

const escaped = (words: string) =>
  words.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign)

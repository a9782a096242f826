import { type Frame, totalOf } from './cpu-profile.ts'

const [width, row] = [1200, 16]
/** What is narrower is left out, in pixels. */
const narrowest = 1
const colours = [
  '#ffb3a7',
  '#a7c7ff',
  '#b5e3b5',
  '#f4d58d',
  '#d7bde2',
  '#f5b7d0',
  '#a9dfe5',
  '#cfcfcf',
  '#e0c9a6',
  '#c5e1a5',
]

/** Who calls whom from the bottom up, as wide as the time that is spent there, coloured by area. */
export function flameGraph(title: string, root: Frame): string {
  const all = totalOf(root)
  const palette = new Map<string, string>()
  const colourOf = (area: string) => {
    const colour = palette.get(area) ?? colours[palette.size % colours.length] ?? ''
    palette.set(area, colour)
    return colour
  }
  const boxes: { x: number; depth: number; size: number; name: string; area: string }[] = []
  const place = (frame: Frame, x: number, depth: number) => {
    const size = (totalOf(frame) / all) * width
    if (size < narrowest) return
    boxes.push({ x, depth, size, name: frame.name, area: frame.area })
    let at = x
    for (const callee of [...frame.callees.values()].toSorted((a, b) => totalOf(b) - totalOf(a))) {
      place(callee, at, depth + 1)
      at += (totalOf(callee) / all) * width
    }
  }
  place(root, 0, 0)

  const deepest = Math.max(...boxes.map(({ depth }) => depth))
  const top = row * 2
  const drawn = boxes.map(({ x, depth, size, name, area }) => {
    const y = top + (deepest - depth) * row
    const share = ((size / width) * 100).toFixed(1)
    const room = Math.floor(size / 6.2)
    return (
      `<g><title>${escaped(name)}, ${area}: ${share} %</title>` +
      `<rect x="${x.toFixed(1)}" y="${y}" width="${size.toFixed(1)}" height="${row - 1}" fill="${colourOf(area)}"/>` +
      (room > 3 ? `<text x="${(x + 2).toFixed(1)}" y="${y + 11}">${escaped(name.slice(0, room))}</text>` : '') +
      '</g>'
    )
  })
  const bottom = top + (deepest + 1) * row
  const legend = [...palette].map(([area, colour], index) => {
    const [x, y] = [(index % 4) * 300, bottom + 8 + Math.floor(index / 4) * row]
    return `<rect x="${x}" y="${y}" width="10" height="10" fill="${colour}"/><text x="${x + 14}" y="${y + 9}">${escaped(area)}</text>`
  })
  const height = bottom + 16 + Math.ceil(palette.size / 4) * row
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="10">`,
    `<title>${escaped(title)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="2" y="14" font-size="13">${escaped(title)}</text>`,
    ...drawn,
    ...legend,
    '</svg>\n',
  ].join('\n')
}

const escaped = (words: string) =>
  words.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign)

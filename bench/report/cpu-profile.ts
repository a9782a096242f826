/** The parts that are read of what `node --cpu-prof` writes (V8's format). */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** In microseconds of the machine's monotonic clock. */
  readonly startTime: number
  /** The node at whose end of the stack each sample was taken, and how many microseconds after the one before. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface ProfileNode {
  readonly id: number
  readonly callFrame: CallFrame
  readonly children?: readonly number[]
}

export interface CallFrame {
  readonly functionName: string
  readonly url: string
  /** From 0. */
  readonly lineNumber: number
  readonly columnNumber: number
}

/** Functions as they call each other, with the microseconds that each was at work itself. */
export interface Frame {
  readonly name: string
  readonly area: string
  self: number
  readonly callees: Map<string, Frame>
}

/** What the thread did while it had nothing to do. */
const idle = '(idle)'

/** @param sourceOf the file of a function as somebody wrote it. */
export function readFrames(
  { nodes, startTime, samples, timeDeltas }: CpuProfile,
  { from, until }: { from: number; until: number },
  sourceOf: (frame: CallFrame) => string,
): Frame {
  const root: Frame = { name: 'all', area: 'Node and V8', self: 0, callees: new Map() }
  const frames = new Map<number, Frame>()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const enter = (node: ProfileNode, caller: Frame) => {
    const { functionName, url } = node.callFrame
    const name = functionName || '(anonymous)'
    // What has no file is native, or made at run time: it works for who calls it.
    const area = areaOf(name, url === '' ? '' : sourceOf(node.callFrame)) ?? caller.area
    const key = `${name} ${area}`
    const frame = caller.callees.get(key) ?? { name, area, self: 0, callees: new Map() }
    caller.callees.set(key, frame)
    frames.set(node.id, frame)
    for (const id of node.children ?? []) enter(byId.get(id) as ProfileNode, frame)
  }
  const [top] = nodes
  for (const id of top?.children ?? []) enter(byId.get(id) as ProfileNode, root)

  let at = startTime
  for (const [index, id] of samples.entries()) {
    at += timeDeltas[index] ?? 0
    const frame = frames.get(id)
    // A sample stands for the time until the next one.
    if (frame && at >= from && at < until) frame.self += timeDeltas[index + 1] ?? 0
  }
  for (const [key, { name }] of root.callees) if (name === idle) root.callees.delete(key)
  return root
}

/** By the first that fits; an area of its own for each layer of the service. */
const areas: readonly (readonly [pattern: RegExp, area: string])[] = [
  [/^node:(internal\/)?crypto/, 'crypto'],
  [
    /^node:(_http|internal\/http|http|net|stream|internal\/streams?|internal\/net|internal\/js_stream)/,
    'HTTP and sockets',
  ],
  [/^node:/, 'Node and V8'],
  [/node_modules\/(pg|pg-[\w-]+|postgres-[\w-]+|kysely)\//, 'pg and Kysely'],
  [/node_modules\/(pino|pino-[\w-]+|sonic-boom|safe-stable-stringify)\//, 'the log'],
  [/node_modules\/prom-client\//, 'metrics'],
  [/node_modules\//, 'Fastify and its packages'],
  [/bench\/limit\//, 'the limit program'],
  [/src\/\w+\/(domain|application)\//, 'our domain and application'],
  [/src\/\w+\/infrastructure\//, 'our infrastructure'],
  [/src\/platform\//, 'our platform'],
  [/src\//, 'our other code'],
]

function areaOf(name: string, source: string): string | null {
  if (name === '(garbage collector)') return 'garbage collection'
  if (name === '(program)') return 'outside of JavaScript: the kernel, sockets, libuv'
  return areas.find(([pattern]) => pattern.test(source))?.[1] ?? null
}

/** All time of a frame, with what it calls. */
export const totalOf = (frame: Frame): number =>
  [...frame.callees.values()].reduce((sum, callee) => sum + totalOf(callee), frame.self)

/** Microseconds by area, the most first. */
export function selfByArea(root: Frame): Map<string, number> {
  const sums = new Map<string, number>()
  const visit = (frame: Frame) => {
    sums.set(frame.area, (sums.get(frame.area) ?? 0) + frame.self)
    for (const callee of frame.callees.values()) visit(callee)
  }
  visit(root)
  return new Map([...sums].filter(([, sum]) => sum > 0).toSorted(([, a], [, b]) => b - a))
}

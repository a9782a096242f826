import { broken } from './invariants.ts'
import { type Action, issuedAt, type Machine, opened, step, type World } from './refresh-model.ts'

export interface Exploration {
  readonly states: number
  readonly steps: number
  /** How many actions the longest of the enumerated traces has. */
  readonly depth: number
  /** Whether no further action leads to a state that was not visited. */
  readonly complete: boolean
  readonly violation: { readonly names: readonly string[]; readonly trace: readonly Action[] } | null
}

interface Bounds {
  readonly depth: number
  /** By how much time may pass at once, in milliseconds. */
  readonly waits: readonly number[]
}

interface Visit {
  readonly by: Action | null
  readonly from: Visit | null
}

/** Every interleaving of actions up to a depth, breadth first, so that the first violation has the shortest trace. */
export function explore(of: Machine, { depth, waits }: Bounds): Exploration {
  const start = opened(of.rules)
  const visited = new Set([canonical(start, of.rules.window)])
  let frontier: { world: World; visit: Visit }[] = [{ world: start, visit: { by: null, from: null } }]
  let steps = 0
  let reached = 0

  while (frontier.length > 0 && reached < depth) {
    reached++
    const next: typeof frontier = []
    for (const { world, visit } of frontier) {
      for (const action of actionsIn(world, waits)) {
        steps++
        const seen = step(of, world, action)
        const names = broken(seen)
        const here = { by: action, from: visit }
        if (names.length > 0) {
          const violation = { names, trace: traceOf(here) }
          return { states: visited.size, steps, depth: reached, complete: false, violation }
        }
        const key = canonical(seen.after, of.rules.window)
        if (visited.has(key)) continue
        visited.add(key)
        next.push({ world: seen.after, visit: here })
      }
    }
    frontier = next
  }
  return { states: visited.size, steps, depth: reached, complete: frontier.length === 0, violation: null }
}

function actionsIn(world: World, waits: readonly number[]): Action[] {
  const actions: Action[] = []
  for (const tab of [0, 1] as const) {
    // Tabs that hold the same token are the same tab to everybody else.
    if (tab === 1 && world.tabs[0] === world.tabs[1] && world.issued.length === 1) continue
    actions.push({ kind: 'refresh', tab, heard: true }, { kind: 'refresh', tab, heard: false })
  }
  if (world.tabs[0] !== world.tabs[1]) actions.push({ kind: 'share' })
  for (let token = world.issued.length - 1; token >= 0; token--) {
    actions.push({ kind: 'steal', token })
    // Whatever is older has expired too, and one expired token stands for all.
    if (issuedAt(world, token).token.exp <= world.now) break
  }
  for (const token of new Set([...world.tabs, 0])) actions.push({ kind: 'logout', token })
  actions.push({ kind: 'endOthers' }, { kind: 'beEnded' }, { kind: 'restart' })
  for (const ms of waits) actions.push({ kind: 'wait', ms })
  return actions
}

const day = 86_400_000

/**
 * The state as the future depends on it: times as distances from now, no longer told apart where nothing asks any more
 * (an age past the window, an end that has passed, an absolute end a day away), tokens by their distance from the newest,
 * and without those that have expired, which are all refused alike. All that are older than the newest but one are
 * alike as well, and the newest of them lives the longest; of a session that is over nothing but its ends still matters.
 */
function canonical({ now, service, issued, tabs, accessEnd, over }: World, window: number): string {
  const { row, remembersRevoked } = service
  const last = issued.length - 1
  const left = (moment: number) => Math.max(0, Math.min(moment - now, day))
  const age = (moment: number) => Math.min(now - moment, window)
  const newest = issued[last]?.token ?? { generation: 0, exp: 0 }
  const flags = `${row.revoked ? 'r' : ''}${remembersRevoked ? 'm' : ''}`
  if (over) return `over${flags},${left(newest.exp)},${left(accessEnd)}`

  let text = `${newest.generation - row.generation}${flags},${age(row.usedAt)},${left(row.idleEnd)},${left(row.end)},${left(accessEnd)}`
  for (let place = last; place >= Math.max(0, last - 2); place--) {
    const one = issued[place]
    if (!one || one.token.exp <= now) continue
    const used = one.firstUse === null ? '' : `${age(one.firstUse)}>${last - (one.successor ?? 0)}`
    text += `|${last - place}:${left(one.token.exp)}:${used}`
  }
  const held = (place: number) => ((issued[place]?.token.exp ?? 0) <= now ? 3 : Math.min(2, last - place))
  const [a, b] = [held(tabs[0]), held(tabs[1])]
  return `${text}|${Math.min(a, b)},${Math.max(a, b)}`
}

function traceOf(visit: Visit): Action[] {
  const trace: Action[] = []
  for (let at: Visit | null = visit; at?.by; at = at.from) trace.push(at.by)
  return trace.reverse()
}

/** A trace in one line, to be read in a failure's message. */
export const tell = (trace: readonly Action[]): string =>
  trace.map(({ kind, ...rest }) => [kind, ...Object.values(rest)].join(' ')).join(' · ')

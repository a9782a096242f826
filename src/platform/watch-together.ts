import type { Watch } from './watch.ts'

/** Tells all of them. */
export function watchTogether(watches: readonly Watch[]): Watch {
  const [first, second, ...more] = watches
  if (!first) throw new Error('nobody watches')
  return second ? watchTogether([both(first, second), ...more]) : first
}

function both(one: Watch, two: Watch): Watch {
  return {
    traces: one.traces || two.traces,
    begun: (message, requestId, proceed) => one.begun(message, requestId, () => two.begun(message, requestId, proceed)),
    resumed: (message, proceed) => one.resumed(message, () => two.resumed(message, proceed)),
    refused(...told) {
      one.refused(...told)
      two.refused(...told)
    },
    answered(...told) {
      one.answered(...told)
      two.answered(...told)
    },
    unread(...told) {
      one.unread(...told)
      two.unread(...told)
    },
    hungUp(...told) {
      one.hungUp(...told)
      two.hungUp(...told)
    },
    statement(...told) {
      one.statement(...told)
      two.statement(...told)
    },
    hashed(...told) {
      one.hashed(...told)
      two.hashed(...told)
    },
    refreshed(...told) {
      one.refreshed(...told)
      two.refreshed(...told)
    },
    workerDied() {
      one.workerDied()
      two.workerDied()
    },
    look(at) {
      one.look(at)
      two.look(at)
    },
  }
}

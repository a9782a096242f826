/**
 * One end of a line between two processes. What is sent arrives in its order, as a copy in JSON; what is sent when
 * nobody is at the other end any more is lost.
 */
export interface Channel<Sent, Heard> {
  send(message: Sent): void
  listen(hear: (message: Heard) => void): void
  /** Aborted once nobody is at the other end any more. */
  readonly over: AbortSignal
}

/** What Node offers of such a line: a child has it as its `process`, and its parent as the `ChildProcess`. */
export interface Line {
  readonly connected: boolean
  send?(message: unknown, callback: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  once(event: 'disconnect', listener: () => void): unknown
}

/** One line carries several channels, each under a topic of its own. */
export function channelOver<Sent, Heard>(line: Line, topic: string): Channel<Sent, Heard> {
  const over = new AbortController()
  if (line.connected) line.once('disconnect', () => over.abort())
  else over.abort()
  return {
    over: over.signal,
    send(message) {
      // That the other end has gone meanwhile is told by `over`, and not by each message.
      if (line.connected) line.send?.([topic, message], () => undefined)
    },
    listen(hear) {
      line.on('message', (envelope) => {
        if (Array.isArray(envelope) && envelope[0] === topic) hear(envelope[1] as Heard)
      })
    },
  }
}

import { fstatSync, write, writeSync } from 'node:fs'

export interface LogLines {
  write(line: string): void
  /** At the end of the process: writes what waits, as far as it flows at once, and takes no more. */
  end(): void
}

/** How many bytes may wait for a reader, and the line that tells of those that could not. */
export interface LogLinesOptions {
  readonly most?: number
  readonly lossLine: (lost: number) => string
}

const mebibyte = 1024 * 1024
/** A pipe takes so many bytes whole or not at all, between what other processes write into it (POSIX, `PIPE_BUF`). */
const atomicSize = 4096
/** In milliseconds: when nobody reads, when the disk is full or fails, and at the end of the process. */
const pauses = { EAGAIN: 50, other: 1_000, last: 200 }

/**
 * Writes lines to a file descriptor in their order and never makes anybody wait for it. Other processes may write their
 * lines to the same place: none is torn, unless it is longer than 4 KiB and the pipe that it goes to is full. Where nobody reads them, or the
 * disk is full, as many wait as the bound allows; those beyond are counted, and a line says so as soon as it flows
 * again. A reader that is gone for good (EPIPE) ends the log and not the service.
 */
export function logLines(fd: number, { most = 4 * mebibyte, lossLine }: LogLinesOptions): LogLines {
  let waiting: string[] = []
  let waitingBytes = 0
  let chunk = Buffer.alloc(0)
  let inFlight = 0
  let lost = 0
  let state: 'idle' | 'writing' | 'pausing' | 'over' = 'idle'
  neverBlock(fd)

  function takeChunk(): boolean {
    if (chunk.length > 0) return true
    if (lost > 0) {
      waiting.push(lossLine(lost))
      lost = 0
    }
    if (waiting.length === 0) return false
    chunk = Buffer.from(waiting.join(''))
    waiting = []
    waitingBytes = 0
    return true
  }

  function pump(): void {
    if (state !== 'idle' || !takeChunk()) return
    state = 'writing'
    inFlight = pieceOf(chunk)
    write(fd, chunk, 0, inFlight, null, (error, written) => {
      if (state === 'over') return
      if (error) return fail(error)
      state = 'idle'
      chunk = chunk.subarray(written)
      pump()
    })
  }

  function fail({ code }: NodeJS.ErrnoException): void {
    if (code === 'EPIPE' || code === 'ECONNRESET' || code === 'EBADF') {
      state = 'over'
      waiting = []
      chunk = Buffer.alloc(0)
      return
    }
    state = 'pausing'
    // Nobody's end waits for a log that does not flow.
    setTimeout(resume, code === 'EAGAIN' ? pauses.EAGAIN : pauses.other).unref()
  }

  function resume(): void {
    if (state === 'over') return
    state = 'idle'
    pump()
  }

  return {
    write(line) {
      if (state === 'over') return
      const bytes = Buffer.byteLength(line)
      if (chunk.length + waitingBytes + bytes > most) {
        lost++
        return
      }
      waiting.push(line)
      waitingBytes += bytes
      pump()
    },
    end() {
      if (state === 'over') return
      // What another thread is writing at this moment, the end of the process awaits.
      if (state === 'writing') chunk = chunk.subarray(inFlight)
      state = 'over'
      const end = performance.now() + pauses.last
      while (takeChunk() && performance.now() < end) {
        try {
          chunk = chunk.subarray(writeSync(fd, chunk, 0, pieceOf(chunk)))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
        }
      }
    },
  }
}

/** How much is written at once: whole lines, or what is left of one that is longer. */
function pieceOf(chunk: Buffer): number {
  if (chunk.length <= atomicSize) return chunk.length
  const newline = 0x0a
  return chunk.lastIndexOf(newline, atomicSize - 1) + 1 || chunk.indexOf(newline) + 1 || chunk.length
}

/**
 * A write to a pipe that is full then says so, instead of holding one of the few threads until the process is killed.
 * Node sets that on standard output where it is a pipe or a socket, as soon as its stream is made.
 */
function neverBlock(fd: number): void {
  const kind = fstatSync(fd)
  if (fd === 1 && (kind.isFIFO() || kind.isSocket())) void process.stdout
}

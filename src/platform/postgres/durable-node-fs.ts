import * as fs from 'node:fs'
import type { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { EmbeddedStopped } from './embedded-stopped.ts'

export interface EmbeddedOptions {
  /** Writes a file's data through to the disk, by its descriptor; a test counts or breaks it here. */
  readonly fsyncSync?: (descriptor: number) => void
  /** Told once when the engine has stopped for good; a process that ends and starts again recovers. */
  readonly onStopped?: (reason: EmbeddedStopped) => void
}

/** What this module needs of Emscripten's file system over Node's `fs`, which PGlite's types leave out. */
interface HostFileSystem {
  tryFSOperation(operation: () => void): void
  stream_ops: { fsync?: (stream: { readonly nfd: number }) => number }
}

type EngineOptions = Parameters<NodeFS['init']>[1]
type Engine = PGlite['Module']

/**
 * PGlite's `NodeFS` with two things that it lacks: an `fsync` that reaches the disk, and an end. The file system is the
 * one part of PGlite that sees the engine before it runs.
 */
export class DurableNodeFS extends NodeFS {
  readonly #fsyncSync: (descriptor: number) => void
  readonly #onStopped: ((reason: EmbeddedStopped) => void) | undefined
  readonly #lastPanic: () => string | undefined

  constructor(path: string, { fsyncSync, onStopped }: EmbeddedOptions, lastPanic: () => string | undefined) {
    super(path)
    this.#fsyncSync = fsyncSync ?? fs.fsyncSync
    this.#onStopped = onStopped
    this.#lastPanic = lastPanic
  }

  override async init(database: PGlite, options: EngineOptions): Promise<{ emscriptenOpts: EngineOptions }> {
    const { emscriptenOpts } = await super.init(database, options)
    const amend = (engine: Engine) => {
      this.#syncToDisk(engine)
      // The engine's functions are there once its runtime is.
      const { onRuntimeInitialized } = engine
      engine.onRuntimeInitialized = () => {
        onRuntimeInitialized()
        this.#stopForGood(database, engine)
      }
    }
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), amend] } }
  }

  #syncToDisk(engine: Engine): void {
    const host = engine.NODEFS as unknown as HostFileSystem
    host.stream_ops.fsync = ({ nfd }) => {
      // Turns Node's errors into the engine's error numbers: PostgreSQL must learn of a disk that failed.
      host.tryFSOperation(() => this.#fsyncSync(nfd))
      return 0
    }
  }

  /**
   * PGlite asks its engine again and again until a message is consumed, and takes every exception for an ordinary
   * error: after a PANIC it would spin for ever, and its `close` would write a checkpoint from memory that is no longer
   * to be trusted. An ordinary error leaves the engine as a jump, with status 100; anything else is its end.
   */
  #stopForGood(database: PGlite, engine: Engine): void {
    let stopped: EmbeddedStopped | undefined
    const refuse = () => {
      throw stopped
    }
    const once = engine._PostgresMainLoopOnce
    engine._PostgresMainLoopOnce = () => {
      try {
        once()
      } catch (error) {
        if (isJump(error)) throw error
        stopped = new EmbeddedStopped(this.#lastPanic() ?? String(error), error)
        // Called by PGlite's loop for what it has caught, this is the way out of the loop.
        engine.stackRestore = refuse
        database.execProtocolRawSync = refuse
        this.#onStopped?.(stopped)
        throw stopped
      }
    }
  }
}

const isJump = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'status' in error && error.status === 100

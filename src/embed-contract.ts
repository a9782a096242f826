/**
 * What a program that has Latchkey inside sees of it: `import { createLatchkey } from 'latchkey'`. This file imports
 * nothing, so that its types need no package of another; `embed.ts` is what it describes.
 */

/**
 * The configuration, in the words of the environment: `docs/reference/configuration.md` says what each may be. What is absent or
 * empty has its default. Nothing is read from the environment of the process, unless it is given: `process.env` fits.
 * `CONFIG_FILE` and `ADMIN_PORT` are the command's, and refused.
 */
export interface Settings {
  readonly HOST?: string | undefined
  readonly PORT?: string | undefined
  readonly PUBLIC_URL?: string | undefined
  readonly DATABASE_URL?: string | undefined
  readonly DATA_DIR?: string | undefined
  readonly SECRET_KEY?: string | undefined
  readonly SECRET_KEY_PREVIOUS?: string | undefined
  readonly TOKEN_ALGORITHM?: string | undefined
  readonly KEY_ROTATION_INTERVAL?: string | undefined
  readonly JWKS_MAX_AGE?: string | undefined
  readonly MAX_SESSIONS_PER_USER?: string | undefined
  readonly ACCESS_TOKEN_TTL?: string | undefined
  readonly REFRESH_TOKEN_TTL?: string | undefined
  readonly SESSION_MAX_AGE?: string | undefined
  readonly REFRESH_REUSE_WINDOW?: string | undefined
  readonly REFRESH_REUSE_POLICY?: string | undefined
  readonly BCRYPT_COST?: string | undefined
  readonly HASH_DEADLINE?: string | undefined
  readonly PASSWORD_BREACH_CHECK?: string | undefined
  readonly RATE_LIMIT?: string | undefined
  readonly AUDIT_RETENTION?: string | undefined
  readonly CORS_ORIGINS?: string | undefined
  readonly TRUSTED_PROXIES?: string | undefined
  readonly LOG_LEVEL?: string | undefined
  readonly SHUTDOWN_DELAY?: string | undefined
  /** 1, or absent: a program that has the service inside is one process. */
  readonly WORKERS?: string | undefined
}

export interface Surroundings {
  /** Gets each line of the log, which is JSON and ends with a newline. Without it they go to standard output. */
  readonly writeLog?: ((line: string) => void) | undefined
  /** Told when the embedded database has stopped for good: only a new process can open it again. */
  readonly onFatal?: ((error: Error) => void) | undefined
}

/** The service in this process. It sets no handlers of signals and ends no process: both are its host's affair. */
export interface Latchkey {
  /** Listens on HOST and PORT, once, and gives the address, such as `http://127.0.0.1:1602`. */
  listen(): Promise<string>
  /** From now on `/health/ready` says no; everything else is served as before, until `close`. */
  leave(): void
  /** Answers what is in flight, for at most ten seconds, and lets go of everything. */
  close(): Promise<void>
}

/**
 * Opens the database, brings its tables up to date, and makes the service, which does not listen yet.
 *
 * @throws ConfigError where the settings are wrong; else what opening the database threw.
 */
export declare function createLatchkey(settings?: Settings, surroundings?: Surroundings): Promise<Latchkey>

/** One sentence for each setting that must be mended; never a secret's value. */
export declare class ConfigError extends Error {
  constructor(problems: readonly string[])
  readonly problems: readonly string[]
}

/** Of this package. */
export declare const version: string

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Secret } from '../../kernel/secret.ts'

/** The folder of the embedded database within `DATA_DIR`; it is there once a service has started. */
export const embeddedIn = (dataDir: string): string => join(dataDir, 'postgres')

/** Whether there is a database to look at: whoever opens an embedded one that is not there makes it. */
export const hasDatabase = (place: { readonly databaseUrl: Secret | null; readonly dataDir: string }): boolean =>
  place.databaseUrl !== null || existsSync(embeddedIn(place.dataDir))

import { join } from 'node:path'

/** The folder of the embedded database within `DATA_DIR`; it is there once a service has started. */
export const embeddedIn = (dataDir: string): string => join(dataDir, 'postgres')

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** Where the kernel shares a port's connections out among processes that say so (SO_REUSEPORT). */
const platforms: readonly NodeJS.Platform[] = ['linux', 'freebsd', 'sunos', 'aix']

/** How a worker listens beside others. Elsewhere the primary takes the connections and hands them out in turn. */
export const besideOthers = (platform = process.platform): { reusePort?: true } =>
  platforms.includes(platform) ? { reusePort: true } : {}

/**
 * Makes sure that nobody else has the port, and answers which one it is where any is wanted: sharing workers would share
 * it with whatever else of this user shares it, and not be told.
 *
 * @throws EADDRINUSE
 */
export async function claimPort(wanted: { host: string; port: number }): Promise<number> {
  const server = createServer().listen(wanted)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Builds each kit as a browser would get it, prints its size, and fails when one has grown past its limit. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const kits = ['src/verify/index.ts', 'src/client/index.ts']
const limit = 5000
const root = join(import.meta.dirname, '..')

for (const kit of kits) {
  const built = await build({
    entryPoints: [join(root, kit)],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    // No module of any runtime's own can be resolved, so that a kit that imports one does not build.
    platform: 'neutral',
    write: false,
  })
  const code = Buffer.concat(built.outputFiles.map((file) => file.contents))
  const gzipped = gzipSync(code, { level: 9 }).length
  const fits = gzipped <= limit
  console.log(`${kit}: ${code.length} bytes, ${gzipped} gzipped, ${fits ? 'within' : 'OVER'} the limit of ${limit}`)
  if (!fits) process.exitCode = 1
}

/** The parts that a version is made of, as a bill of materials in the form of CycloneDX. */

interface Component {
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly properties: readonly unknown[]
}

interface Bill {
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: boolean }>>
}

const folder = 'node_modules/'

/**
 * What `npm sbom` says, less the tools that nobody gets. Its own `--omit dev` is of no use for that: it also takes away
 * what a tool needs as well, such as the driver of the database.
 */
export function withoutTools(bill: Bill, lock: Lock, name: string): Bill {
  const shipped = new Set<string>()
  for (const [path, { version, dev }] of Object.entries(lock.packages)) {
    if (path !== '' && !dev) shipped.add(`${path.slice(path.lastIndexOf(folder) + folder.length)}@${version}`)
  }
  const components = bill.components.filter((one) => shipped.has(`${one.name}@${one.version}`))
  const refs = new Set([bill.metadata.component, ...components].map((one) => one['bom-ref']))
  return {
    ...bill,
    // npm names the whole after the folder that it lies in.
    metadata: { ...bill.metadata, component: { ...bill.metadata.component, name } },
    // Whether a tool needs it too is nobody's concern.
    components: components.map((one) => ({ ...one, properties: [] })),
    dependencies: bill.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
  }
}

/** What stands where in the menu. */

export interface Group {
  readonly title: string
  /** Whether it is open only while one of its pages is read. */
  readonly folded: boolean
  readonly entries: readonly Entry[]
}

export interface Entry {
  readonly address: string
  readonly title: string
}

interface Rule {
  readonly title: string
  readonly folded?: boolean
  /** Addresses without `.html`, in their order; one that ends with a slash stands for all that are left in that folder. */
  readonly pages: readonly string[]
}

const rules: readonly Rule[] = [
  { title: 'Start', pages: ['index', 'start', 'package', 'repository/readme'] },
  { title: 'Concepts', pages: ['concepts/tokens-and-sessions', 'concepts/signing-keys', 'concepts/'] },
  {
    title: 'How to',
    pages: [
      'how-to/nginx',
      'how-to/caddy',
      'how-to/traefik',
      'how-to/kubernetes',
      'how-to/',
      'import-export',
      'backup',
      'high-availability',
    ],
  },
  {
    title: 'Reference',
    pages: [
      'reference/api',
      'reference/configuration',
      'reference/refusals',
      'cli',
      'metrics',
      'reference/',
      'verify',
      'client',
    ],
  },
  {
    title: 'Project',
    pages: [
      'repository/changelog',
      'repository/contributing',
      'releasing',
      'dependencies',
      'benchmarks',
      'profile',
      'growth',
      'repository/',
    ],
  },
  { title: 'Security', folded: true, pages: ['repository/security', 'security/'] },
  { title: 'Decisions', folded: true, pages: ['decisions/'] },
]

/** In the menu, where the title of a page says too little or too much. */
const labels: Readonly<Record<string, string>> = {
  index: 'Overview',
  verify: 'latchkey/verify',
  'repository/readme': 'The README',
  'repository/security': 'Threats and reports',
  'repository/bench/readme': 'How benchmarks are made',
}

/** A page that no rule names comes to the how-to's: it was written for who runs the service. */
const rest = 'How to'

const nameOf = ({ address }: Entry) => address.replace(/\.html$/, '')

export function navigationOf(all: readonly Entry[]): Group[] {
  const pages = all.map((page) => ({ ...page, title: labels[nameOf(page)] ?? page.title }))
  const named = new Set(rules.flatMap((rule) => rule.pages))
  const chosen = (name: string) =>
    name.endsWith('/')
      ? pages.filter((page) => nameOf(page).startsWith(name) && !named.has(nameOf(page)))
      : pages.filter((page) => nameOf(page) === name)
  const groups = rules.map(({ title, folded = false, pages: names }) => ({
    title,
    folded,
    entries: names.flatMap(chosen),
  }))
  const placed = new Set(groups.flatMap(({ entries }) => entries.map(({ address }) => address)))
  const left = pages.filter(({ address }) => !placed.has(address))
  return groups.map((group) => (group.title === rest ? { ...group, entries: [...group.entries, ...left] } : group))
}

import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { pageHeaders } from './plain-headers.ts'
import { faces, problemsPath } from './problem.ts'

/** Serves the page that every refusal's `type` leads to. */
export function serveProblemsPage(app: FastifyInstance): void {
  app.get(problemsPath, { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    reply.type('text/html; charset=utf-8').headers({
      ...pageHeaders,
      'cache-control': 'public, max-age=60',
      'content-security-policy': problemsPolicy,
    })
    return problemsPage
  })
}

const problemsStyle = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
dt { margin-top: 1.5rem; font-weight: 600; scroll-margin-top: 1.5rem }
dd { margin: 0 }
dt:target, dt:target + dd { padding-left: 0.75rem; border-left: 4px solid #2b6cb0 }
code { font-size: 0.95em }
`

const problemsPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(problemsStyle).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const problemsPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Latchkey: refusals</title><style>${problemsStyle}</style>
<h1>Refusals</h1>
<p>Every refusal is a problem (RFC 9457) with one of these codes. A code is never renamed.</p>
<dl>
${Object.entries(faces)
  .map(([code, { status, title, help }]) => {
    const marked = help.replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    return `<dt id="${code}">${status} ${title}: <code>${code}</code><dd>${marked}`
  })
  .join('\n')}
</dl>
</html>
`

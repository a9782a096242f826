import { faces } from '../../src/platform/http/problem.ts'

const head = `# Refusals

A refusal is a problem of RFC 9457, \`application/problem+json\`. \`code\` is what a program should look at: the set is closed, and
no code is ever renamed. \`type\` leads to the page \`/api/problems\` of a running service, which says the same as this one.
This page is written by \`npm run generate:reference\`.

\`\`\`json
{
  "type": "https://auth.example.com/api/problems#token_expired",
  "title": "Token expired",
  "status": 401,
  "detail": "The token was genuine and is past its end. …",
  "code": "token_expired",
  "request_id": "4bf92f3577b34da6a3ce929d0e0e4736"
}
\`\`\`

| code | status |
|---|---|
`

export function refusalsPage(): string {
  const all = Object.entries(faces).toSorted(([, a], [, b]) => a.status - b.status)
  const rows = all.map(([code, { status }]) => `| [\`${code}\`](#${code}) | ${status} |`)
  const sections = all.map(([code, { status, title, help }]) => {
    const headers = headersOf(status).map((header) => `\`${header}\``)
    const with_ = headers.length === 0 ? '' : ` With ${headers.join(' and ')}.`
    return `## ${code}\n\n**${status} ${title}.** ${help}${with_}\n`
  })
  return [`${head}${rows.join('\n')}\n`, ...sections].join('\n')
}

const headersOf = (status: number) =>
  status === 401 ? ['WWW-Authenticate'] : status === 429 || status === 503 ? ['Retry-After'] : []

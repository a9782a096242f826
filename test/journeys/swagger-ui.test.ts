import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Locator, Page } from 'playwright-core'
import { launchChromium, noChromium as skip } from '../support/chromium.ts'
import { password, startService, type TestService } from '../support/service.ts'

if (skip) console.warn(`SKIPPED, the journey through Swagger UI: ${skip}`)

/** One call on the Swagger page, by its operationId, as a person makes it: open, try out, fill in, execute. */
class Operation {
  readonly #box: Locator

  constructor(page: Page, tag: string, operationId: string) {
    this.#box = page.locator(`#operations-${tag}-${operationId}`)
  }

  async open(): Promise<void> {
    await this.#box.locator('.opblock-summary-control').click()
    await this.#box.getByRole('button', { name: 'Try it out' }).click()
  }

  /** What the form for the request body holds. */
  body(): Promise<string> {
    return this.#box.locator('textarea').inputValue()
  }

  /** The status and the body that the page shows after the call. */
  async execute(body?: object) {
    if (body) await this.#box.locator('textarea').fill(JSON.stringify(body))
    await this.#box.getByRole('button', { name: 'Execute' }).click()
    const answer = this.#box.locator('.live-responses-table .response').first()
    const status = await answer.locator('.response-col_status').textContent()
    const text = await answer.locator('.response-col_description pre').first().textContent()
    return { status: Number.parseInt(status ?? '', 10), body: JSON.parse(text ?? '') }
  }
}

describe('Swagger UI in a real browser', () => {
  let service: TestService
  let browser: Browser

  before(async () => {
    if (skip) return
    service = await startService()
    browser = await launchChromium()
  })

  after(async () => {
    await browser?.close()
    await service?.close()
  })

  /** A fresh page at an address, and everything that the browser complains of or fetches from elsewhere. */
  async function visit(path: string) {
    const page = await browser.newPage()
    const complaints: string[] = []
    const strangers: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (protocol !== 'data:' && origin !== service.url) strangers.push(request.url())
    })
    await page.exposeFunction('complain', (what: string) => complaints.push(what))
    await page.addInitScript(
      "document.addEventListener('securitypolicyviolation', (e) => complain(e.violatedDirective + ' ' + e.blockedURI))",
    )
    const answer = await page.goto(new URL(path, service.url).href)
    assert.equal(answer?.status(), 200)
    return { page, complaints, strangers, policy: answer?.headers()['content-security-policy'] ?? '' }
  }

  test('registers, logs in, takes the access token and shows who one is, under a strict policy', { skip }, async () => {
    const { page, complaints, strangers, policy } = await visit('/api/docs')
    const me = { email: 'swagger@example.com', password }

    const register = new Operation(page, 'Authentication', 'register')
    await register.open()
    assert.deepEqual(JSON.parse(await register.body()), { email: 'user@example.com', password })
    const registered = await register.execute(me)
    assert.deepEqual([registered.status, registered.body.email], [200, me.email])

    const logIn = new Operation(page, 'Authentication', 'login')
    await logIn.open()
    const { status, body: tokens } = await logIn.execute(me)
    assert.equal(status, 200)

    await page.getByRole('button', { name: 'Authorize' }).first().click()
    const dialog = page.locator('.modal-ux')
    assert.deepEqual(await dialog.locator('h4 code').allTextContents(), ['Access-token', 'Refresh-token'])
    const scheme = dialog.locator('.auth-container', { hasText: 'Access token' })
    await scheme.locator('input').fill(tokens.access_token)
    await scheme.getByRole('button', { name: 'Apply credentials' }).click()
    await scheme.getByRole('button', { name: 'Close' }).click()

    const getMe = new Operation(page, 'User', 'getMe')
    await getMe.open()
    assert.deepEqual(await getMe.execute(), { status: 200, body: registered.body })
    assert.deepEqual(registered.body, { id: registered.body.id, email: me.email })

    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    assert.deepEqual(complaints, [])
    assert.deepEqual(strangers, [])
  })

  test('opens every call and every schema without a breach of the policy', { skip }, async () => {
    const { page, complaints, strangers } = await visit('/api/docs')
    await page.locator('.opblock').first().waitFor()
    const click = (selector: string) =>
      page.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).forEach((one) => one.click())`)
    await click('.opblock-summary-control')
    await page.locator('.opblock:not(.is-open)').first().waitFor({ state: 'detached' })
    await click('.tablinks[data-name="model"]')
    await page.locator('.json-schema-2020-12').first().waitFor()
    assert.deepEqual([complaints, strangers], [[], []])
  })

  test('shows the page on refusals in its own style, with the code that a link names marked', { skip }, async () => {
    const { page, complaints, strangers, policy } = await visit('/api/problems#token_expired')
    const border = await page.evaluate("getComputedStyle(document.getElementById('token_expired')).borderLeftStyle")
    assert.equal(border, 'solid')
    assert.doesNotMatch(policy, /unsafe/)
    assert.deepEqual([complaints, strangers], [[], []])
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type AuthEvent, type Client, createClient } from '../../src/client/index.ts'
import { launchChromium, noChromium as skip } from '../support/chromium.ts'
import { type Person, startService, type TestService } from '../support/service.ts'

if (skip) console.warn(`SKIPPED, the tabs of a real browser: ${skip}`)

const sources = new URL('../../src/client/', import.meta.url)
const refreshPath = '/api/v1/auth/refresh'

/** What happens to a refresh on its way: it goes through, or its tab goes while it waits or while its answer does. */
type Fate = 'passes' | 'never arrives' | 'is never answered'

/** The app's own origin: a page that uses the client, and the service behind it, as behind a proxy. */
async function startApp(service: TestService) {
  const app = {
    origin: '',
    refreshes: 0,
    /** How long a refresh takes to arrive, so that others set out meanwhile. */
    refreshMs: 0,
    fate: 'passes' as Fate,
    /** Called when a refresh has met its fate, and its tab may go. */
    strike: () => {},
    close: () => new Promise<void>((done) => void server.close(() => done()).closeAllConnections()),
  }

  async function forward(request: IncomingMessage, response: ServerResponse, body: Buffer) {
    const isRefresh = request.url === refreshPath
    const fate = isRefresh ? app.fate : 'passes'
    if (fate !== 'passes') app.fate = 'passes'
    if (fate === 'never arrives') return app.strike()
    if (isRefresh) {
      app.refreshes++
      await new Promise((done) => setTimeout(done, app.refreshMs))
    }
    const { authorization, 'content-type': type } = request.headers
    const answer = await fetch(new URL(request.url ?? '', service.url), {
      method: request.method ?? 'GET',
      headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    })
    const text = Buffer.from(await answer.arrayBuffer())
    if (fate === 'is never answered') return app.strike()
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' }).end(text)
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://app')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (pathname.startsWith('/api/')) return forward(request, response, Buffer.concat(chunks))
    if (!pathname.startsWith('/client/')) {
      return response.writeHead(200, { 'content-type': 'text/html' }).end(html)
    }
    const source = readFileSync(new URL(pathname.slice('/client/'.length), sources), 'utf8')
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(stripTypeScriptTypes(source))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  app.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return app
}

type App = Awaited<ReturnType<typeof startApp>>

/** What the page has on its window, which is called there as it is called here. */
interface InPage {
  readonly location: { readonly origin: string }
  client: Client
  events: AuthEvent[]
  /** By how many milliseconds the tab's clock is ahead. */
  shift: number
}

const inPage = globalThis as unknown as InPage
const html = '<!doctype html><title>App</title><script>const inPage = window</script>'

const settled = () => new Promise((done) => setTimeout(done, 100))

describe('tabs of a real browser', { skip }, () => {
  let browser: Browser
  /** One for each policy on reuse. */
  const worlds = {} as Record<'refuse' | 'repeat', { service: TestService; app: App }>

  before(async () => {
    browser = await launchChromium()
    for (const policy of ['refuse', 'repeat'] as const) {
      const service = await startService({ env: { RATE_LIMIT: 'off', REFRESH_REUSE_POLICY: policy } })
      worlds[policy] = { service, app: await startApp(service) }
    }
  })

  after(async () => {
    await browser?.close()
    for (const { app, service } of Object.values(worlds)) {
      await app.close()
      await service.close()
    }
  })

  interface Setting {
    readonly storage: 'memory' | 'localStorage'
    readonly policy?: 'refuse' | 'repeat'
    readonly locks?: boolean
  }

  /** A browser of its own with three tabs, on the first of which somebody logs in before the others open. */
  async function threeTabs({ storage, policy = 'refuse', locks = true }: Setting) {
    const { service, app } = worlds[policy]
    const context = await browser.newContext()
    if (!locks) {
      await context.addInitScript(() =>
        Object.defineProperty(Object.getPrototypeOf(navigator), 'locks', { get: () => undefined }),
      )
    }
    Object.assign(app, { refreshes: 0, refreshMs: locks ? 0 : 100 })
    const person = await service.person()
    const open = () => openTab(context, app, storage)
    const first = await open()
    await logIn(first, person)
    const tabs = [first, await open(), await open()] as const
    /** Time goes by for the service and for all tabs. */
    const sleep = async (seconds: number) => {
      service.clock.advance(seconds)
      for (const tab of tabs.filter((tab) => !tab.isClosed())) {
        await tab.evaluate((ms) => {
          inPage.shift += ms
        }, seconds * 1000)
      }
    }
    return { tabs, context, app, service, person, open, sleep, [Symbol.asyncDispose]: () => context.close() }
  }

  async function openTab(context: BrowserContext, app: App, storage: Setting['storage']): Promise<Page> {
    const page = await context.newPage()
    await page.goto(app.origin)
    await page.evaluate(async (storage) => {
      const address = '/client/index.ts'
      const { createClient, localStorageTokens } = await import(address)
      inPage.shift = 0
      inPage.events = []
      inPage.client = createClient({
        url: inPage.location.origin,
        now: () => Date.now() + inPage.shift,
        ...(storage === 'localStorage' && { storage: localStorageTokens() }),
      })
      inPage.client.subscribe((event) => inPage.events.push(event))
    }, storage)
    return page
  }

  const logIn = (tab: Page, person: Person) => tab.evaluate((person) => inPage.client.login(person), person)
  const me = (tab: Page) => tab.evaluate(() => inPage.client.me().then(({ email }) => email))
  const events = (tab: Page) => tab.evaluate(() => inPage.events)
  const signedIn = (tab: Page) => tab.evaluate(async () => (await inPage.client.accessToken()) !== null)

  /** Calls `me` in all tabs at the same moment. */
  async function wake(tabs: readonly Page[]): Promise<string[]> {
    const moment = Date.now() + 150
    return Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async (moment) => {
          await new Promise((done) => setTimeout(done, moment - Date.now()))
          const answers = await Promise.all([inPage.client.me(), inPage.client.me()])
          return answers[0].email
        }, moment),
      ),
    )
  }

  for (const storage of ['memory', 'localStorage'] as const) {
    describe(`with tokens in ${storage}`, () => {
      test('three tabs that wake at once make exactly one refresh, and all go on', async () => {
        await using world = await threeTabs({ storage })
        const { tabs, app, person, sleep } = world
        for (let round = 1; round <= 5; round++) {
          await sleep(61)
          assert.deepEqual(await wake(tabs), [person.email, person.email, person.email])
          assert.equal(app.refreshes, round)
        }
        for (const tab of tabs) assert.ok((await events(tab)).every(({ kind }) => kind !== 'signed_out'))
      })

      test('a tab that is closed before its refresh arrives takes nobody along', async () => {
        await using world = await threeTabs({ storage })
        const { tabs, app, person, sleep } = world
        await sleep(61)
        await closeWhileRefreshing(tabs[0], app, 'never arrives', tabs.slice(1))
        assert.equal(app.refreshes, 1)
        assert.deepEqual(await wake(tabs.slice(1)), [person.email, person.email])
      })

      test('a tab that is closed before its answer comes takes nobody along where the policy is to repeat', async () => {
        await using world = await threeTabs({ storage, policy: 'repeat' })
        const { tabs, app, person, sleep } = world
        await sleep(61)
        await closeWhileRefreshing(tabs[0], app, 'is never answered', tabs.slice(1))
        assert.equal(app.refreshes, 2)
        await sleep(61)
        assert.deepEqual(await wake(tabs.slice(1)), [person.email, person.email])
      })

      test('where the policy is to refuse, that answer is lost: all tabs are signed out alike, and told why', async () => {
        await using world = await threeTabs({ storage })
        const { tabs, app, person, sleep } = world
        await sleep(61)
        await closeWhileRefreshing(tabs[0], app, 'is never answered', [])
        assert.deepEqual([await signedIn(tabs[1]), await signedIn(tabs[2])], [false, false])
        await settled()
        for (const tab of tabs.slice(1)) {
          assert.deepEqual((await events(tab)).at(-1), { kind: 'signed_out', because: 'refresh_token_reused' })
        }
        await logIn(tabs[1], person)
        assert.equal(await me(tabs[2]), person.email)
      })

      test('a log-out in one tab is one in all, and so is a login', async () => {
        await using world = await threeTabs({ storage })
        const { tabs, person, service } = world
        await tabs[1].evaluate(() => inPage.client.logout())
        await settled()
        for (const tab of tabs) {
          assert.equal(await signedIn(tab), false)
          assert.deepEqual((await events(tab)).at(-1), { kind: 'signed_out', because: 'logged_out' })
        }
        const other = await service.person()
        await logIn(tabs[2], other)
        await settled()
        for (const tab of tabs) {
          assert.deepEqual((await events(tab)).at(-1), { kind: 'signed_in' })
          assert.equal(await me(tab), other.email)
        }
        assert.notEqual(other.email, person.email)
      })

      test('a log-out in one tab during a refresh in another is not undone', async () => {
        await using world = await threeTabs({ storage })
        const { tabs, sleep } = world
        await sleep(61)
        await Promise.all([wake(tabs).catch(() => {}), tabs[0].evaluate(() => inPage.client.logout())])
        await settled()
        for (const tab of tabs) assert.equal(await signedIn(tab), false)
      })

      test('a tab that opens later, or is loaded anew, is signed in as the others are', async () => {
        await using world = await threeTabs({ storage })
        const { app, person, tabs, open } = world
        const late = await open()
        assert.equal(await me(late), person.email)
        await tabs[0].close()
        const later = await open()
        assert.equal(await me(later), person.email)
        assert.equal(app.refreshes, 0)
      })

      test('when the last tab is closed, the tokens go where memory goes', async () => {
        await using world = await threeTabs({ storage })
        const { tabs, open } = world
        for (const tab of tabs) await tab.close()
        assert.equal(await signedIn(await open()), storage === 'localStorage')
      })

      for (const policy of ['refuse', 'repeat'] as const) {
        test(`without Web Locks three tabs that wake at once all go on: ${policy}`, async () => {
          await using world = await threeTabs({ storage, policy, locks: false })
          const { tabs, app, person, sleep } = world
          for (let round = 1; round <= 3; round++) {
            await sleep(61)
            assert.deepEqual(await wake(tabs), [person.email, person.email, person.email])
          }
          assert.ok(app.refreshes > 3, `${app.refreshes} refreshes: the tabs did not race, and nothing is shown`)
          for (const tab of tabs) assert.ok((await events(tab)).every(({ kind }) => kind !== 'signed_out'))
        })
      }
    })
  }

  /** Has a tab begin a refresh for which the others wait, and closes it as soon as the refresh has met its fate. */
  async function closeWhileRefreshing(tab: Page, app: App, fate: Fate, waiting: readonly Page[]) {
    app.fate = fate
    const struck = new Promise<void>((done) => {
      app.strike = done
    })
    const going = tab.evaluate(() => inPage.client.me()).catch(() => {})
    await struck
    const others = waiting.map(me)
    await tab.close()
    await going
    await Promise.all(others)
  }
})

describe('clients of one process that act as tabs', () => {
  let service: TestService
  const opened: Client[] = []

  before(async () => {
    service = await startService({ env: { RATE_LIMIT: 'off' } })
  })
  after(async () => {
    for (const client of opened) client.close()
    await service?.close()
  })

  let refreshes = 0
  function open(tabs: string): Client {
    const client = createClient({
      url: service.url,
      tabs,
      now: () => service.clock().getTime(),
      fetch: (input, init) => {
        if (String(input).endsWith(refreshPath)) refreshes++
        return fetch(input, init)
      },
    })
    opened.push(client)
    return client
  }

  test('share one login, one refresh and one log-out', async () => {
    const [first, second] = [open('shared'), open('shared')]
    await first.login(await service.person())
    const third = open('shared')
    const clients = [first, second, third]
    const tokens = () => Promise.all(clients.map((client) => client.accessToken()))
    const before = await tokens()
    assert.ok(before[0] && new Set(before).size === 1)
    refreshes = 0
    service.clock.advance(61)
    const renewed = await tokens()
    assert.ok(renewed[0] && new Set(renewed).size === 1 && renewed[0] !== before[0])
    assert.equal(refreshes, 1)
    await second.logout()
    assert.deepEqual(await tokens(), [null, null, null])
  })

  test('go on alone once they have left', async () => {
    const [stays, leaves] = [open('left'), open('left')]
    await stays.login(await service.person())
    assert.ok(await leaves.accessToken())
    leaves.close()
    await stays.logout()
    await leaves.login(await service.person())
    assert.ok(await leaves.me())
    assert.equal(await stays.accessToken(), null)
  })

  test('under another name know nothing of each other', async () => {
    const [mine, other] = [open('mine'), open('other')]
    await mine.login(await service.person())
    assert.equal(await other.accessToken(), null)
  })

  test('that are not told to share do not: on a server each may be another person', async () => {
    const alone = () => createClient({ url: service.url, now: () => service.clock().getTime() })
    const [first, second] = [alone(), alone()]
    await first.login(await service.person())
    assert.ok(await first.accessToken())
    assert.equal(await second.accessToken(), null)
  })
})

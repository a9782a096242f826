import type { Account, Adapter, Call, Place, Request, Session } from '../adapter.ts'
import { newAccount } from '../load/script.ts'

/** How many of the sessions belong to one account, as one person has several devices. */
const sessionsPerAccount = 8
const atOnce = 4

/** Sessions that are open, by the adapter's own way or by its registrations and logins. */
export async function seedSessions(adapter: Adapter, place: Place, count: number): Promise<Session[]> {
  if (adapter.seed) return adapter.seed(place, count)
  const { login } = adapter.calls
  if (!login?.session) throw new Error(`${adapter.name} has neither a seed nor a login that opens a session`)
  const owners = await seedAccounts(adapter, place, Math.ceil(count / sessionsPerAccount), 'owner')
  const devices = Array.from({ length: count }, (_, index) => owners[index % owners.length] as Account)
  return inTurn(devices, async (account) => (await ask(place, login, account)) as Session)
}

export async function seedAccounts(adapter: Adapter, place: Place, count: number, name: string): Promise<Account[]> {
  const { register } = adapter.calls
  if (!register) return []
  const accounts = Array.from({ length: count }, (_, index) => newAccount(`${name}-${index}`))
  await inTurn(accounts, (account) => ask(place, register, account))
  return accounts
}

/** Asks once, outside of any measurement. */
async function ask<Subject>(place: Place, call: Call<Subject>, subject: Subject): Promise<Session | undefined> {
  const { method, path, headers, body }: Request = call.request(subject)
  const response = await fetch(`http://${place.host}:${place.port}${path}`, {
    method,
    headers: { ...headers },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  if (response.status !== call.status) throw new Error(`${path} was answered ${response.status}: ${text.slice(0, 300)}`)
  const head = [...response.headers].map(([header, value]) => `\r\n${header}: ${value}`).join('')
  return call.session?.({ status: response.status, head, body: text }, subject)
}

/** A few at once, in their order. */
async function inTurn<Item, Result>(items: readonly Item[], act: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const work = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await act(items[at] as Item)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

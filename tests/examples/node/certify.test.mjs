// The client in every documented situation of the vendor: RESCIND_URL=... node --test. Each scenario has its own sandbox.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { deleteOrder, Refused } from './orders.mjs'

const server = process.env.RESCIND_URL ?? 'http://127.0.0.1:8080'

async function control(baseUrl, method, path, body) {
  const headers = { 'Content-Type': 'application/json' }
  const reply = await fetch(`${baseUrl}/_rescind${path}`, { method, headers, body: body && JSON.stringify(body) })
  assert.ok(reply.ok, await reply.clone().text())
  return reply.json()
}

// What the client tells its caller: no exception is gone, Refused is refused, and any other exception is unknown.
async function claimOf({ base_url: baseUrl, api_key: key, account, order }) {
  try {
    await deleteOrder(baseUrl, key, account, order)
    return 'gone'
  } catch (error) {
    return error instanceof Refused ? 'refused' : 'unknown'
  }
}

const { scenarios } = await control(server, 'GET', '/scenarios?vendor=alephee')
describe('the client is certified', { concurrency: 8 }, () => {
  for (const { id, title } of scenarios) {
    test(`${id}: ${title}`, async (context) => {
      const baseUrl = `${server}/~${id}`
      const { gives } = await control(baseUrl, 'POST', `/scenarios/${id}/begin`, { timeout_seconds: 5 })
      const claim = await claimOf(gives[0])
      const { result, findings } = await control(baseUrl, 'POST', `/scenarios/${id}/claim`, { claim })
      if (result === 'not met') context.skip('the client never came into this situation')
      const broken = findings.filter(({ number }) => number.startsWith('MUST'))
      assert.deepEqual(broken.map(({ number, happened, hint }) => `${number}: ${happened}. ${hint}`), [])
    })
  }
})

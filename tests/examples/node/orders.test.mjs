// The client against what the vendor documents: RESCIND_URL=... node --test. Each test has a sandbox of its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { deleteOrder, Refused } from './orders.mjs'

const server = process.env.RESCIND_URL ?? 'http://127.0.0.1:8080'

async function sandbox(name) {
  const baseUrl = `${server}/~node-${name}`
  const control = async (method, path, body) => {
    const headers = { 'Content-Type': 'application/json' }
    const reply = await fetch(`${baseUrl}/_rescind${path}`, { method, headers, body: body && JSON.stringify(body) })
    assert.ok(reply.ok, await reply.clone().text())
    return reply.status === 204 ? null : reply.json()
  }
  await control('POST', '/reset')
  return { baseUrl, control }
}

test('an order is deleted, and a second deletion is no error', async () => {
  const { baseUrl, control } = await sandbox('gone')
  await deleteOrder(baseUrl, 'demo-key', '1001', '72001')
  await deleteOrder(baseUrl, 'demo-key', '1001', '72001')
  const { entries } = await control('GET', '/journal')
  assert.deepEqual(entries.map((entry) => entry.status), [204, 304])
})

test('a rate limit is waited for, as long as the vendor says', async () => {
  const { baseUrl, control } = await sandbox('limited')
  await control('POST', '/overrides', { vendor: 'alephee', outcome: 'rate_limited', times: 2 })
  const waits = []
  await deleteOrder(baseUrl, 'demo-key', '1001', '72001', { sleep: async (seconds) => waits.push(seconds) })
  assert.equal(waits.length, 2)
  assert.ok(waits.every((seconds) => seconds >= 1))
})

test('a lost reply does not look like a failure', async () => {
  const { baseUrl, control } = await sandbox('lost')
  await control('POST', '/overrides', { vendor: 'alephee', fault: 'reply_lost' })
  await deleteOrder(baseUrl, 'demo-key', '1001', '72001')
})

for (const [order, status] of [['412', '412'], ['4120', '412'], ['99999', '404']]) {
  test(`order ${order} is refused with ${status}`, async () => {
    const { baseUrl } = await sandbox(`refused-${order}`)
    await assert.rejects(deleteOrder(baseUrl, 'demo-key', '1001', order), new RegExp(`^Error: ${status}:`))
  })
}

test('the client of another account is refused', async () => {
  const { baseUrl } = await sandbox('foreign')
  await assert.rejects(deleteOrder(baseUrl, 'other-shop-key', '1001', '72001'), Refused)
})

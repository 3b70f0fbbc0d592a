// A client of an order-deletion API, as an integration team would write one.
const TRIES = 4
const PATIENCE_MS = 1000

export class Refused extends Error {}

export async function deleteOrder(baseUrl, key, account, order, { sleep = defaultSleep } = {}) {
  const query = new URLSearchParams({ API_KEY: key, accountId: account, orderId: order })
  let mayBeGone = false // a try without an answer may have deleted the order: the next one tells
  for (let tries = 0; tries < TRIES; tries++) {
    let reply
    try {
      reply = await fetch(`${baseUrl}/v2/orders?${query}`, { method: 'DELETE', signal: AbortSignal.timeout(PATIENCE_MS) })
    } catch {
      mayBeGone = true
      await sleep(0.1 * 2 ** tries)
      continue
    }
    if (reply.status === 429) {
      await sleep(Number(reply.headers.get('x-ratelimit-retryafter') ?? 1))
    } else if (reply.status >= 500) {
      mayBeGone = true
      await sleep(0.1 * 2 ** tries)
    } else if (reply.ok || reply.status === 304 || (reply.status === 404 && mayBeGone)) {
      return
    } else {
      throw new Refused(`${reply.status}: ${await reply.text()}`)
    }
  }
  throw new Error(`it is not known whether order ${order} is deleted, after ${TRIES} tries`)
}

function defaultSleep(seconds) {
  return new Promise((done) => setTimeout(done, seconds * 1000))
}

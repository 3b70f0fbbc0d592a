// A client of an order-deletion API, as an integration team would write one.
const TRIES = 5

export class Refused extends Error {}

export async function deleteOrder(baseUrl, key, account, order, { sleep = defaultSleep } = {}) {
  const query = new URLSearchParams({ API_KEY: key, accountId: account, orderId: order })
  for (let tries = 0; tries < TRIES; tries++) {
    let reply
    try {
      reply = await fetch(`${baseUrl}/v2/orders?${query}`, { method: 'DELETE' })
    } catch {
      continue // the order may be gone or not: the next try tells
    }
    if (reply.status === 429) {
      await sleep(Number(reply.headers.get('x-ratelimit-retryafter') ?? 1))
      continue
    }
    if (reply.status === 204 || reply.status === 304) return
    throw new Refused(`${reply.status}: ${await reply.text()}`)
  }
  throw new Refused(`order ${order} could not be deleted in ${TRIES} tries`)
}

function defaultSleep(seconds) {
  return new Promise((done) => setTimeout(done, seconds * 1000))
}

// Cancel an order of RxUniverse, and say what became of it: gone (0), refused (3) or unknown (75).
const EXIT = { gone: 0, refused: 3, unknown: 75 }
const TRIES = 4
const MARKED = 'Order marked for cancelation'

export async function cancelOrder(baseUrl, order) {
  const url = `${baseUrl}/api/v2/orders/${encodeURIComponent(order)}`
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      if (attempt > 0 && (await send('GET', `${url}/status`)).text.includes(MARKED)) return 'gone'
      const { status } = await send('DELETE', url)
      return status === 200 ? 'gone' : 'refused'
    } catch {
      await pause(200 * 2 ** attempt) // the order may be gone or not: the next try asks first
    }
  }
  return 'unknown'
}

// A reply counts only once its body has come as a whole.
async function send(method, url) {
  const reply = await fetch(url, { method, signal: AbortSignal.timeout(2000) })
  return { status: reply.status, text: await reply.text() }
}

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds))
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const [baseUrl, order] = process.argv.slice(2)
  process.exitCode = EXIT[await cancelOrder(baseUrl, order)]
}

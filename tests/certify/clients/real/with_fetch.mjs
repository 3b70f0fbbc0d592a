// fetch of Node, without a signal: it has no timeout of its own that anybody would wait for.
const given = (name) => process.env[`CERTIFY_${name}`]
const base = given('BASE_URL'), order = given('ORDER'), bearer = { Authorization: `Bearer ${given('TOKEN')}` }
const [path, headers] = {
  alephee: [`/v2/orders?API_KEY=${given('API_KEY')}&accountId=${given('ACCOUNT')}&orderId=${order}`, {}],
  rxuniverse: [`/api/v2/orders/${order}`, {}],
  exsited: [`/api/v3/orders/${order}`, bearer],
  ecommerce: [`/api/v1/i/orders/${order}/`, bearer],
}[process.argv[2]]

try {
  const reply = await fetch(base + path, { method: 'DELETE', headers })
  await reply.text()
  process.exitCode = reply.ok ? 0 : 3
} catch {
  process.exitCode = 75
}

#!/usr/bin/env bash
# The script against what the vendor documents: test.sh SERVER_URL. Each test has a sandbox of its own.
set -euo pipefail
server=${1:-${RESCIND_URL:-http://127.0.0.1:8080}}
here=$(dirname "$0")
export PAUSE_SECONDS=0

json() { curl -sf -H 'Content-Type: application/json' "$@" >/dev/null; }
verify() {
  verdict=$(curl -sf -H 'Content-Type: application/json' "$1/_rescind/journal/verify" -d "$2")
  case $verdict in *'"verified": true'*) echo "ok: $3" ;; *) echo "not ok: $3: $verdict"; exit 1 ;; esac
}
delete() { code=0; bash "$here/delete-order.sh" "$1" demo-key 1001 "$2" 2>/dev/null || code=$?; }
expect() { [ "$code" = "$1" ] && echo "ok: $2" || { echo "not ok: $2 (exit $code)"; exit 1; }; }

world="$server/~shell-gone"
json -X POST "$world/_rescind/reset"
delete "$world" 72001; expect 0 "an order is deleted"
delete "$world" 72001; expect 0 "a second deletion is no error"

world="$server/~shell-limited"
json -X POST "$world/_rescind/reset"
json "$world/_rescind/overrides" -d '{"vendor": "alephee", "outcome": "rate_limited", "times": 2}'
delete "$world" 72001; expect 0 "a rate limit is waited for"
verify "$world" '{"match": {"vendor": "alephee"}, "count": 3}' "it was tried three times"

world="$server/~shell-lost"
json -X POST "$world/_rescind/reset"
json "$world/_rescind/overrides" -d '{"vendor": "alephee", "fault": "reply_lost"}'
delete "$world" 72001; expect 0 "a lost reply does not look like a failure"

world="$server/~shell-refused"
json -X POST "$world/_rescind/reset"
for order in 412 4120 99999; do
  delete "$world" "$order"; expect 1 "order $order is refused"
done

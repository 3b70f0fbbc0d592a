#!/usr/bin/env bash
# Delete an order, whatever the vendor answers: delete-order.sh BASE_URL API_KEY ACCOUNT ORDER
# Exit codes: 0 the order is gone, 1 it is refused, 2 nobody can say.
set -euo pipefail
base_url=$1 key=$2 account=$3 order=$4

for try in 1 2 3 4 5; do
  status=$(curl -sX DELETE -m 10 -o /dev/null -w '%{http_code}' \
    "$base_url/v2/orders?API_KEY=$key&accountId=$account&orderId=$order") || status=000
  case $status in
    204 | 304) exit 0 ;;
    429 | 500 | 000) sleep "${PAUSE_SECONDS:-$try}" ;; # the order may be gone or not: the next try tells
    *) echo "refused with $status" >&2; exit 1 ;;
  esac
done
echo "no answer" >&2
exit 2

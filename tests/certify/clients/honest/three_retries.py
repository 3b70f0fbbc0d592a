"""Plain and honest: tries again up to three times after a lost reply or a failure, and waits longer each time."""

import sys
import time

import httpx
from plain import deletion

url, headers = deletion()
repeated = False
for attempt in range(4):
    time.sleep(0.2 * 2**attempt if attempt else 0)
    try:
        status = httpx.delete(url, headers=headers, timeout=2).status_code
    except httpx.HTTPError:
        repeated = True
        continue
    if status < 500:
        break
    repeated = True
else:
    sys.exit(75)
if status in (200, 204):
    sys.exit(0)
sys.exit(75 if repeated or status in (301, 401, 429) else 3)

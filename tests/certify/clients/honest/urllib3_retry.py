"""Plain and honest: leaves retries to urllib3, which knows nothing of orders."""

import sys

import urllib3
from plain import deletion

url, headers = deletion()
retry = urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
try:
    reply = urllib3.PoolManager(retries=retry, timeout=2).request("DELETE", url, headers=headers, redirect=False)
except urllib3.exceptions.HTTPError:
    sys.exit(75)
sys.exit(0 if reply.status in (200, 204) else 75)

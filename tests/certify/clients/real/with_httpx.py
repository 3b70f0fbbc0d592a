"""httpx with its own timeout of five seconds, and no retries: httpx repeats nothing."""

import sys

import httpx
from plain import deletion

url, headers = deletion()
try:
    httpx.delete(url, headers=headers, follow_redirects=True).raise_for_status()
except httpx.HTTPStatusError:
    sys.exit(3)
except httpx.HTTPError:
    sys.exit(75)

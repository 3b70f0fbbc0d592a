"""Plain and honest: tries once, and says what it knows."""

import sys

import httpx
from plain import deletion

url, headers = deletion()
try:
    status = httpx.delete(url, headers=headers, timeout=2).status_code
except httpx.HTTPError:
    sys.exit(75)
sys.exit(0 if status in (200, 204) else 75 if status in (301, 401, 429) or status >= 500 else 3)

"""Plain and honest: raises an exception on everything that is no success, and catches none."""

import httpx
from plain import deletion

url, headers = deletion()
httpx.delete(url, headers=headers, timeout=2).raise_for_status()

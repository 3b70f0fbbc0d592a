"""requests with urllib3's Retry, and no timeout: requests has none unless it is told."""

import sys

import requests
from plain import deletion
from requests.adapters import HTTPAdapter
from urllib3 import Retry

url, headers = deletion()
retry = Retry(total=3, backoff_factor=0.2, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=None)
with requests.Session() as session:
    session.mount("http://", HTTPAdapter(max_retries=retry))
    try:
        session.delete(url, headers=headers).raise_for_status()
    except requests.HTTPError:
        sys.exit(3)
    except requests.RequestException:
        sys.exit(75)

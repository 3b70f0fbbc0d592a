"""The plain request of each vendor, for clients that know only one library: VENDOR, and the environment."""

from __future__ import annotations

import os
import sys

VENDOR = sys.argv[1]


def given(name: str) -> str:
    return os.environ[f"CERTIFY_{name}"]


def deletion() -> tuple[str, dict[str, str]]:
    """Return the URL and the headers of the deletion."""
    base, order = given("BASE_URL"), given("ORDER")
    match VENDOR:
        case "alephee":
            query = f"API_KEY={given('API_KEY')}&accountId={given('ACCOUNT')}&orderId={order}"
            return f"{base}/v2/orders?{query}", {}
        case "rxuniverse":
            return f"{base}/api/v2/orders/{order}", {}
        case "exsited":
            return f"{base}/api/v3/orders/{order}", {"Authorization": f"Bearer {given('TOKEN')}"}
        case "ecommerce":
            return f"{base}/api/v1/i/orders/{order}/", {"Authorization": f"Bearer {given('TOKEN')}"}
    raise SystemExit(f"unknown vendor {VENDOR}")

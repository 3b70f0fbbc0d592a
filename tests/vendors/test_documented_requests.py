"""The requests that the vendors' own pages show work as they stand there: only the host is changed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import Any

import pytest

ORDER = {"orderNumber": "72544", "trayNumber": "337178", "poNumber": "Example", "message": ""}
NO_RECORD = {"error": "No record found", "details": ["Provided: 9999999"]}
NO_TRACKER = {"error": "Job Tracker module required for cancel method", "details": []}
MARKED = {"error": "Order already completed", "details": []}
REQUESTS: list[tuple[str, str, int, Any]] = [
    # Cancel order (https://www.mintlify.com/klvxn/ecommerce-api/api/orders/cancel-order)
    ("shop", """curl -X DELETE "https://api.example.com/api/v1/i/orders/a3d5c8e7-9b4f-4a2e-8c7d-1f3e5a6b9c0d/" \\
  -H "Authorization: Bearer YOUR_TOKEN" """, 204, None),
    # Cancel an Order: the three identifiers of one order, and what the page shows of errors
    ("order number", "curl -X DELETE http://localhost:4567/api/v2/orders/72544", 200, ORDER),
    ("tray number", "curl -X DELETE http://localhost:4567/api/v2/orders/337178", 200, ORDER),
    ("purchase order", "curl -X DELETE http://localhost:4567/api/v2/orders/Example", 200, ORDER),
    ("unknown", "curl -X DELETE http://localhost:4567/api/v2/orders/9999999", 404, NO_RECORD),
    ("no job tracker", "curl -X DELETE http://localhost:4567/api/v2/orders/NO-TRACKER", 400, NO_TRACKER),
    ("marked", "curl -X DELETE http://localhost:4567/api/v2/orders/CANCELLED", 400, MARKED),
    # Order DELETE API Documentation, with the placeholder of Exsited API Authentication
    ("exsited", """curl -X DELETE https://dev-api.exsited.com/api/v3/orders/ORD-10001 -H "Authorization: Bearer YOUR_ACCESS_TOKEN" """,
     204, None),
    # Delete an order, Request and Response: its parameters as the page lists them, and the bare request
    ("alephee", "curl -X DELETE 'https://api.alephcrm.com/v2/orders?API_KEY=demo-key&accountId=1001&orderId=72001&revertStock=true'",
     204, None),
    ("alephee, bare", "curl -X DELETE https://api.alephcrm.com/v2/orders", 401, {"Status": 401, "Message": "API_KEY is required."}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "status", "body"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS])
def test_documented_request_has_the_documented_reply(sandbox: str, command: str, status: int, body: Any) -> None:
    words = shlex.split(re.sub(r"https?://[^/]+", sandbox, command, count=1).replace("\\\n", ""))
    printed = subprocess.run([*words, "-s", "-w", "\n%{http_code}"], capture_output=True, text=True, check=True).stdout
    text, _, code = printed.rpartition("\n")
    assert int(code) == status
    assert (json.loads(text) if text else None) == body

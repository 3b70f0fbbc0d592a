"""The baseline: the least that a Flask application can do for a deletion, and for putting an order back."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.delete("/v2/orders")
def delete() -> tuple[dict[str, object], int]:
    """Answer 404, whatever was asked."""
    return {"Status": 404, "Message": "Order 99999 was not found."}, 404


@app.put("/_rescind/state/alephee/orders/<identifier>")
def put(identifier: str) -> dict[str, object]:
    """Answer 200, and keep nothing."""
    return {"account": 1001, "id": identifier}


@app.delete("/v2/orders/done")
def done() -> tuple[str, int]:
    """Answer 204, whatever was asked."""
    return "", 204

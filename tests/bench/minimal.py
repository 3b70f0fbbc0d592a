"""The baseline: the least that a Flask application can do for a deletion."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.delete("/v2/orders")
def delete() -> tuple[dict[str, object], int]:
    """Answer 404, whatever was asked."""
    return {"Status": 404, "Message": "Order 99999 was not found."}, 404

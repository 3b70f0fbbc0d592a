"""The journal as an HTTP Archive 1.2, which browsers' developer tools open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.contract.received import decode_query
from rescind.control.journal import secret_values, show
from rescind.control.masking import MASK, is_secret, mask_value
from rescind.model import reason_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rescind.control.journal import ReplyView, RequestView
    from rescind.model import JournalEntry


def har(entries: Sequence[JournalEntry], version: str, base_url: str) -> dict[str, Any]:
    """Format the archive. URLs are as they were sent, below the base URL; secrets are masked."""
    creator = {"name": "rescind", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(entry, base_url) for entry in entries]}}


def _entry(entry: JournalEntry, base_url: str) -> dict[str, Any]:
    shown = show(entry)
    milliseconds = shown["took_ms"] + shown["delay_ms"]
    return {
        "startedDateTime": shown["at"],
        "time": milliseconds,
        "request": _request(entry, shown["request"], base_url),
        "response": _response(entry, shown["reply"]),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def _request(entry: JournalEntry, shown: RequestView, base_url: str) -> dict[str, Any]:
    pairs = [(name, value) for name, values in shown["query"].items() for value in values]
    request = {
        "method": shown["method"],
        "url": base_url + _target(entry),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(shown["headers"].items()),
        "queryString": _pairs(pairs),
        "headersSize": -1,
        "bodySize": entry.request_bytes,
    }
    if shown["body"]:
        request["postData"] = {"mimeType": shown["headers"].get("content-type", ""), "text": shown["body"]}
    return request


def _response(entry: JournalEntry, shown: ReplyView | None) -> dict[str, Any]:
    reply, headers = entry.delivery.reply, shown["headers"] if shown else {}
    return {
        "status": reply.status if reply else 0,
        "statusText": reason_phrase(reply.status) if reply else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers.items()),
        "content": {
            "size": entry.reply_bytes,
            "mimeType": headers.get("Content-Type", ""),
            "text": shown["body"] if shown else "",
        },
        "redirectURL": headers.get("Location", ""),
        "headersSize": -1,
        "bodySize": entry.reply_bytes,
    }


def _target(entry: JournalEntry) -> str:
    """Return the path and the query as they were sent, with the values of secret parameters masked."""
    path = mask_value(entry.request.path, secret_values(entry))
    pairs = [_masked(pair, entry.secret_names) for pair in entry.request.query.split("&")]
    return f"{path}?{'&'.join(pairs)}" if entry.request.query else path


def _masked(pair: str, secret_names: Iterable[str]) -> str:
    name, separator, _ = pair.partition("=")
    return f"{name}={MASK}" if separator and is_secret(decode_query(name), secret_names) else pair


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]

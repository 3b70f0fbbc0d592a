"""The journal as an HTTP Archive 1.2, which browsers' developer tools open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.control.journal import show
from rescind.control.masking import mask_request
from rescind.model import reason_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rescind.control.journal import ReplyView, RequestView
    from rescind.model import JournalEntry


def archive(version: str) -> dict[str, Any]:
    """Return an archive without entries."""
    return {"log": {"version": "1.2", "creator": {"name": "rescind", "version": version}, "entries": []}}


def archived(entry: JournalEntry, base_url: str) -> dict[str, Any]:
    """Format an entry. Its URL is as it was sent, below the base URL; secrets are masked."""
    masked = mask_request(entry)
    shown = show(entry, masked)
    milliseconds = shown["took_ms"] + shown["delay_ms"]
    return {
        "startedDateTime": shown["at"],
        "time": milliseconds,
        "request": _request(entry, shown["request"], base_url + masked.target),
        "response": _response(entry, shown["reply"]),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def _request(entry: JournalEntry, shown: RequestView, url: str) -> dict[str, Any]:
    pairs = [(name, value) for name, values in shown["query"].items() for value in values]
    request = {
        "method": shown["method"],
        "url": url,
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


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]

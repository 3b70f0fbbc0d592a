"""The journal as an HTTP Archive, which browsers' developer tools open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def har(entries: Sequence[Mapping[str, Any]], version: str, base_url: str) -> dict[str, Any]:
    """Shown entries as an HTTP Archive 1.2, which browsers' developer tools open."""
    creator = {"name": "rescind", "version": version}
    return {
        "log": {"version": "1.2", "creator": creator, "entries": [_har_entry(entry, base_url) for entry in entries]}
    }


def _har_entry(entry: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    request, reply = entry["request"], entry["reply"] or {"status": 0, "headers": {}, "body": ""}
    pairs = [(name, value) for name, values in request["query"].items() for value in values]
    query = "&".join(f"{name}={value}" for name, value in pairs)
    media_type = reply["headers"].get("Content-Type", "")
    har_request = {
        "method": request["method"],
        "url": base_url + request["path"] + (f"?{query}" if query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request["headers"].items()),
        "queryString": _pairs(pairs),
        "headersSize": -1,
        "bodySize": len(request["body"]),
    }
    if request["body"]:
        har_request["postData"] = {"mimeType": request["headers"].get("content-type", ""), "text": request["body"]}
    return {
        "startedDateTime": entry["at"],
        "time": entry["took_ms"] + entry["delay_ms"],
        "request": har_request,
        "response": {
            "status": reply["status"],
            "statusText": entry["outcome"] or entry["fault"] or "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(reply["headers"].items()),
            "content": {"size": len(reply["body"]), "mimeType": media_type, "text": reply["body"]},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(reply["body"]),
        },
        "cache": {},
        "timings": {"send": 0, "wait": entry["took_ms"] + entry["delay_ms"], "receive": 0},
    }


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]

"""The control API, views of a test: overrides, journal, verification, coverage."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rescind import __version__, moments
from rescind.control import reports
from rescind.control.catalogue import catalogue
from rescind.control.coverage import report
from rescind.control.har import har
from rescind.control.journal import LOG, select, show
from rescind.control.overrides import Overrides
from rescind.control.payloads import JournalQuery, checked, coverage_query, moment_at
from rescind.control.verification import VerifySchema
from rescind.control.verification import verify as verified
from rescind.web.exchange import as_json, as_text, no_content
from rescind.web.pages import coverage_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.model import JournalEntry, Reply
    from rescind.web.exchange import Exchange

_NDJSON = "application/x-ndjson"
_REPORTS: dict[str, tuple[str, Callable[[dict[str, Any], str], str]]] = {
    "json": ("application/json", lambda report, _: json.dumps(report, indent=2)),
    "markdown": ("text/markdown", reports.as_markdown),
    "junit": ("application/xml", reports.as_junit),
    "html": ("text/html", coverage_page),
}


def overrides(call: Exchange) -> Reply:
    """All overrides in their order, and how often each has struck."""
    return as_json({"overrides": call.transact(lambda tx: Overrides(tx).list())})


def add_override(call: Exchange) -> Reply:
    """Queue an override."""
    wanted, engine = call.body(), call.engine
    override = call.transact(lambda tx: Overrides(tx).add(wanted, engine.vendors, engine.bounds))
    return as_json(override, HTTPStatus.CREATED)


def remove_overrides(call: Exchange) -> Reply:
    """Remove all overrides."""
    call.transact(lambda tx: Overrides(tx).remove())
    return no_content()


def remove_override(call: Exchange, identifier: str) -> Reply:
    """Remove one override."""
    call.transact(lambda tx: Overrides(tx).remove(identifier))
    return no_content()


def journal(call: Exchange) -> Reply:
    """The exchanges that the query asks for, oldest first: as JSON, or a line each as NDJSON."""
    wanted = checked(JournalQuery(), call.query)
    limit = wanted.pop("limit", None)
    since = wanted.get("since")
    if isinstance(since, str) and moments.is_relative(since):
        now = call.transact(call.engine.clock.now)
        wanted["since"] = moments.write(moment_at("since", since, now))
    found = select(_entries(call), wanted)
    shown = map(show, found[-limit:] if limit else found)
    if call.prefers(["application/json", _NDJSON]) == _NDJSON:
        return as_text("".join(f"{json.dumps(entry)}\n" for entry in shown), _NDJSON)
    return as_json({"entries": list(shown)})


def archive(call: Exchange) -> Reply:
    """The journal as an HTTP Archive."""
    base_url = call.base_url
    return as_json(har([show(entry) for entry in _entries(call)], __version__, base_url))


def clear_journal(call: Exchange) -> Reply:
    """Forget all exchanges."""
    call.transact(lambda tx: tx.clear(LOG))
    return no_content()


def verify(call: Exchange) -> Reply:
    """Whether the exchanges are as the call says."""
    wanted = checked(VerifySchema(), call.body())
    return as_json(verified(_entries(call), wanted))


def coverage(call: Exchange) -> Reply:
    """Which outcomes were met, in the format that the query or the Accept header asks for."""
    query: dict[str, Any] = dict(call.received.query)
    if "format" in query:
        query["format"] = query["format"][-1]
    vendors = call.engine.vendors
    entries = catalogue(vendors.values())
    wanted = checked(coverage_query(list(vendors), [entry["id"] for entry in entries]), query)
    met = call.transact(lambda tx: report(tx, entries, wanted["vendor"], wanted["ignore"]))
    media_type = call.prefers([one for one, _ in _REPORTS.values()])
    by_accept = next((name for name, (one, _) in _REPORTS.items() if one == media_type), "json")
    chosen, write = _REPORTS[wanted.get("format", by_accept)]
    return as_text(write(met, call.base_url), chosen)


def _entries(call: Exchange) -> list[JournalEntry]:
    return list(call.transact(lambda tx: tx.entries(LOG)))

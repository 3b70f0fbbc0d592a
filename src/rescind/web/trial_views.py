"""The control API, views of a test: overrides, journal, verification, coverage."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, render_template, request

from rescind import __version__, moments
from rescind.control import coverage, journal, reports
from rescind.control.catalogue import catalogue
from rescind.control.har import har
from rescind.control.overrides import Overrides
from rescind.control.payloads import JournalQuery, checked, coverage_query, moment_at
from rescind.control.verification import VerifySchema, verify
from rescind.web.exchange import as_json, body, no_content, transact

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.model import JournalEntry
    from rescind.web.site import Site

_NDJSON = "application/x-ndjson"
_REPORTS: dict[str, tuple[str, Callable[[dict[str, Any], str], str]]] = {
    "json": ("application/json", lambda report, _: json.dumps(report, indent=2)),
    "markdown": ("text/markdown", reports.as_markdown),
    "junit": ("application/xml", reports.as_junit),
    "html": ("text/html", lambda report, base_url: render_template("coverage.html", report=report, base_url=base_url)),
}


class TrialViews:
    """What a test orders, and what it asks afterwards, about the sandbox of the base URL."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def overrides(self) -> Response:
        """All overrides in their order, and how often each has struck."""
        return as_json({"overrides": transact(self._site, lambda tx: Overrides(tx).list())})

    def add_override(self) -> Response:
        """Queue an override."""
        wanted, engine = body(), self._site.engine
        override = transact(self._site, lambda tx: Overrides(tx).add(wanted, engine.vendors, engine.bounds))
        return as_json(override, HTTPStatus.CREATED)

    def remove_overrides(self) -> Response:
        """Remove all overrides."""
        transact(self._site, lambda tx: Overrides(tx).remove())
        return no_content()

    def remove_override(self, identifier: str) -> Response:
        """Remove one override."""
        transact(self._site, lambda tx: Overrides(tx).remove(identifier))
        return no_content()

    def journal(self) -> Response:
        """The exchanges that the query asks for, oldest first: as JSON, or a line each as NDJSON."""
        wanted = checked(JournalQuery(), request.args.to_dict())
        limit = wanted.pop("limit", None)
        since = wanted.get("since")
        if isinstance(since, str) and moments.is_relative(since):
            now = transact(self._site, self._site.engine.clock.now)
            wanted["since"] = moments.write(moment_at("since", since, now))
        found = journal.select(self._entries(), wanted)
        shown = map(journal.show, found[-limit:] if limit else found)
        if request.accept_mimetypes.best_match(["application/json", _NDJSON]) == _NDJSON:
            return Response("".join(f"{json.dumps(entry)}\n" for entry in shown), mimetype=_NDJSON)
        return as_json({"entries": list(shown)})

    def archive(self) -> Response:
        """The journal as an HTTP Archive."""
        base_url = request.root_url.rstrip("/")
        return as_json(har([journal.show(entry) for entry in self._entries()], __version__, base_url))

    def clear_journal(self) -> Response:
        """Forget all exchanges."""
        transact(self._site, lambda tx: tx.clear(journal.LOG))
        return no_content()

    def verify(self) -> Response:
        """Whether the exchanges are as the call says."""
        wanted = checked(VerifySchema(), body())
        return as_json(verify(self._entries(), wanted))

    def coverage(self) -> Response:
        """Which outcomes were met, in the format that the query or the Accept header asks for."""
        query: dict[str, Any] = request.args.to_dict(flat=False)
        if "format" in query:
            query["format"] = query["format"][-1]
        vendors = self._site.engine.vendors
        entries = catalogue(vendors.values())
        wanted = checked(coverage_query(list(vendors), [entry["id"] for entry in entries]), query)
        report = transact(self._site, lambda tx: coverage.report(tx, entries, wanted["vendor"], wanted["ignore"]))
        media_type = request.accept_mimetypes.best_match([one for one, _ in _REPORTS.values()])
        by_accept = next((name for name, (one, _) in _REPORTS.items() if one == media_type), "json")
        chosen, write = _REPORTS[wanted.get("format", by_accept)]
        return Response(write(report, request.root_url.rstrip("/")), mimetype=chosen)

    def _entries(self) -> list[JournalEntry]:
        return list(transact(self._site, lambda tx: tx.entries(journal.LOG)))

"""The control API: which outcomes were met, as JSON, Markdown, JUnit or a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from rescind.control.payloads import checked, coverage_query
from rescind.coverage import reports
from rescind.coverage.counting import operation_of, report
from rescind.web.current import engine, sandbox_url, transact
from rescind.web.pages import coverage_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

    from rescind.coverage.counting import Report

views = Blueprint("coverage", __name__)

_FORMATS: dict[str, tuple[str, Callable[[Report, str], str]]] = {
    "json": ("application/json", lambda report, _: json.dumps(report, indent=2)),
    "markdown": ("text/markdown", reports.as_markdown),
    "junit": ("application/xml", reports.as_junit),
    "html": ("text/html", coverage_page),
}


@views.get("/coverage")
def get_coverage() -> ResponseReturnValue:
    """Report which outcomes were met, in the format that the query or the Accept header asks for."""
    query: dict[str, Any] = request.args.to_dict(flat=False)
    if "format" in query:
        query["format"] = query["format"][-1]
    vendors = engine().vendors
    entries = engine().catalogue
    operations = list(dict.fromkeys(map(operation_of, entries)))
    wanted = checked(coverage_query(list(vendors), operations, [entry["id"] for entry in entries]), query)
    chosen = wanted["vendor"], wanted["operation"], wanted["ignore"]
    met = transact(lambda transaction: report(transaction, entries, *chosen))
    accepted = request.accept_mimetypes.best_match([media_type for media_type, _ in _FORMATS.values()])
    by_accept = next((name for name, (media_type, _) in _FORMATS.items() if media_type == accepted), "json")
    media_type, write = _FORMATS[wanted.get("format", by_accept)]
    return Response(write(met, sandbox_url()), content_type=media_type)

"""The control API: the journal, its archive, and verification."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, request

from rescind import __version__
from rescind.control.har import archive, archived
from rescind.control.journal import LOG, select, show
from rescind.control.names import refuse_unknown_names
from rescind.control.payloads import JournalQuery, checked, moment_at
from rescind.control.verification import VerifySchema, verify
from rescind.web.current import engine, json_object, sandbox_url, transact
from rescind.web.delivery import stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flask import Response
    from flask.typing import ResponseReturnValue

    from rescind.control.journal import Page
    from rescind.model import JournalEntry

views = Blueprint("journal", __name__)
_NDJSON = "application/x-ndjson"


@views.get("/journal")
def get_journal() -> ResponseReturnValue:
    """List the exchanges that the query asks for, oldest first: as JSON, or a line each as NDJSON."""
    page = _page(checked(JournalQuery(), request.args.to_dict()))
    entries = map(show, page.entries)
    if request.accept_mimetypes.best_match(["application/json", _NDJSON]) == _NDJSON:
        return _streamed((f"{json.dumps(entry)}\n" for entry in entries), page, _NDJSON)
    return _streamed(_listed('{"entries": [', entries, f'], "next": {json.dumps(page.next)}}}'), page)


@views.delete("/journal")
def clear_journal() -> ResponseReturnValue:
    """Remove all entries."""
    transact(lambda transaction: transaction.clear(LOG))
    return "", HTTPStatus.NO_CONTENT


@views.get("/journal.har")
def get_archive() -> ResponseReturnValue:
    """Give the exchanges that the query asks for as an HTTP Archive."""
    page = _page(checked(JournalQuery(), request.args.to_dict()))
    url = sandbox_url()
    start, end = json.dumps(archive(__version__)).split("[]")
    return _streamed(_listed(f"{start}[", (archived(entry, url) for entry in page.entries), f"]{end}"), page)


@views.post("/journal/verify")
def verify_journal() -> ResponseReturnValue:
    """Say whether the exchanges are as the call expects."""
    wanted = checked(VerifySchema(), json_object())
    refuse_unknown_names(wanted["match"], engine().vendors, VerifySchema(), ("match",))
    for step, match in enumerate(wanted.get("order", ())):
        refuse_unknown_names(match, engine().vendors, VerifySchema(), ("order", step))
    return verify(_entries(), wanted)


def _page(wanted: dict[str, Any]) -> Page:
    """Select what a query asks for. Raises Problem for names that nothing has."""
    refuse_unknown_names(wanted, engine().vendors, JournalQuery())
    limit, after, since = wanted.pop("limit"), wanted.pop("after", None), wanted.pop("since", None)
    if isinstance(since, int):
        wanted["since_id"] = since
    elif since is not None:
        wanted["since"] = moment_at("since", since, transact(engine().clock.now))
    return select(_entries(), wanted, limit, after)


def _streamed(pieces: Iterable[str], page: Page, media_type: str = "application/json") -> Response:
    """Respond piece by piece: a page of the journal can be large, and nobody else should wait for it."""
    response = stream(pieces, media_type)
    if page.next is not None:
        query = urlencode({**request.args.to_dict(), "after": page.next})
        response.headers["Link"] = f'<{request.path.rpartition("/")[2]}?{query}>; rel="next"'
    return response


def _listed(start: str, entries: Iterable[Any], end: str) -> Iterator[str]:
    """Yield a JSON array around which stands what comes before and after it."""
    yield start
    for index, entry in enumerate(entries):
        yield f"{', ' if index else ''}{json.dumps(entry)}"
    yield end


def _entries() -> list[JournalEntry]:
    return list(transact(lambda transaction: transaction.entries(LOG)))

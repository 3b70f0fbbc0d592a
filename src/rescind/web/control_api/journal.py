"""The control API: the journal, its archive, and verification."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from rescind import __version__
from rescind.control.har import har
from rescind.control.journal import LOG, select, show
from rescind.control.payloads import JournalQuery, checked, moment_at
from rescind.control.verification import VerifySchema, verify
from rescind.documents import moments
from rescind.web.current import engine, json_object, sandbox_url, transact

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from rescind.model import JournalEntry

views = Blueprint("journal", __name__)
_NDJSON = "application/x-ndjson"


@views.get("/journal")
def get_journal() -> ResponseReturnValue:
    """List the exchanges that the query asks for, oldest first: as JSON, or a line each as NDJSON."""
    wanted = checked(JournalQuery(), request.args.to_dict())
    limit, since = wanted.pop("limit", None), wanted.get("since")
    if isinstance(since, str) and moments.is_relative(since):
        wanted["since"] = moments.format(moment_at("since", since, transact(engine().clock.now)))
    found = select(_entries(), wanted)
    entries = map(show, found[-limit:] if limit else found)
    if request.accept_mimetypes.best_match(["application/json", _NDJSON]) == _NDJSON:
        return Response("".join(f"{json.dumps(entry)}\n" for entry in entries), mimetype=_NDJSON)
    return {"entries": list(entries)}


@views.delete("/journal")
def clear_journal() -> ResponseReturnValue:
    """Remove all entries."""
    transact(lambda transaction: transaction.clear(LOG))
    return "", HTTPStatus.NO_CONTENT


@views.get("/journal.har")
def get_archive() -> ResponseReturnValue:
    """Give the journal as an HTTP Archive."""
    return har(_entries(), __version__, sandbox_url())


@views.post("/journal/verify")
def verify_journal() -> ResponseReturnValue:
    """Say whether the exchanges are as the call expects."""
    wanted = checked(VerifySchema(), json_object())
    return verify(_entries(), wanted)


def _entries() -> list[JournalEntry]:
    return list(transact(lambda transaction: transaction.entries(LOG)))

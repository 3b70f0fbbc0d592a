"""Where a request carries credentials, and whether the document wants them there. Values stay here; places go out."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rescind.certify.advice import RENEWAL
from rescind.contract.received import Received

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescind.certify.calls import ClientCall
    from rescind.certify.trial import Trial
    from rescind.model import JournalEntry

_SHORTEST = 4
_TOKEN_MEMBER = re.compile(r"token|^access$|^refresh$", re.IGNORECASE)
_BASIC = re.compile(r"basic\s+([A-Za-z0-9+/=_-]+)", re.IGNORECASE)


def misplaced_secrets(call: ClientCall, trial: Trial) -> Iterator[str]:
    """Yield each place of a request that has a credential, and where the document wants none."""
    known = secret_values(trial)
    request, wanted = call.entry.request, _wanted(trial)
    if any(secret in unquote(request.path) for secret in known):
        yield "the path"
    for name, values in Received(request, {}).query.items():
        if _has(known, " ".join(values)) and ("query", name.lower()) not in wanted:
            yield f"the query parameter {name}"
    for name, value in request.headers.items():
        if _has(known, _decoded(value)) and (("header", name) not in wanted or _is_basic(value, trial)):
            yield f"the header {name}"
    if call.task != RENEWAL and _has(known, request.body.decode(errors="replace")):
        yield "the body"


def secret_values(trial: Trial) -> frozenset[str]:
    """Return the values that are secret in this trial: those that were given, and those that the vendor issued."""
    given = {trial.scenario.gives.get(name, "") for name in trial.contract.secrets}
    issued = {value for call in trial.calls if call.task == RENEWAL for value in _issued(call.entry)}
    return frozenset(value for value in given | issued if len(value) >= _SHORTEST)


def _issued(entry: JournalEntry) -> Iterator[str]:
    """Yield the tokens of a reply."""
    reply = entry.delivery.reply
    try:
        body: Any = json.loads(reply.body) if reply else None
    except ValueError:
        return
    for name, value in body.items() if isinstance(body, dict) else ():
        if isinstance(value, str) and _TOKEN_MEMBER.search(name):
            yield value


def _wanted(trial: Trial) -> set[tuple[str, str]]:
    """Return the places that the security schemes name, as (location, name); a cookie stands in a header."""
    places = set()
    for scheme in trial.contract.deletion.schemes:
        is_cookie = scheme.location == "cookie"
        places.add(("header", "cookie") if is_cookie else (scheme.location, scheme.name.lower()))
    return places


def _has(secrets: frozenset[str], text: str) -> bool:
    return any(secret in text for secret in secrets)


def _is_basic(value: str, trial: Trial) -> bool:
    """Return whether a header has credentials of the Basic scheme that the document does not name."""
    return bool(_BASIC.match(value)) and all(scheme.kind != "basic" for scheme in trial.contract.deletion.schemes)


def _decoded(value: str) -> str:
    """Return a header with what its Basic credentials say (RFC 7617)."""
    basic = _BASIC.match(value)
    if not basic:
        return unquote(value) if "%" in value else value
    try:
        return value + base64.b64decode(basic[1] + "==").decode(errors="replace")
    except (binascii.Error, ValueError):
        return value

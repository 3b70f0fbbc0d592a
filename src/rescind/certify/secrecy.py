"""Where a request carries credentials, and whether the document wants them there. Values stay here; places go out."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

from rescind.certify.advice import RENEWAL
from rescind.contract.received import Received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rescind.certify.calls import ClientCall
    from rescind.certify.trial import Trial
    from rescind.contract.security import SecurityScheme
    from rescind.model import JournalEntry

_SHORTEST = 4
_TOKEN_MEMBER = re.compile(r"token|^access$|^refresh$", re.IGNORECASE)
_BASIC = re.compile(r"basic\s+([A-Za-z0-9+/=_-]+)", re.IGNORECASE)


def misplaced_secrets(call: ClientCall, trial: Trial) -> Iterator[str]:
    """Yield each place of a request that has a credential, and where the document wants none."""
    holds = _finder(secret_values(trial))
    request, schemes = call.entry.request, _schemes(call, trial)
    wanted = {(one.location, one.name.lower()) for one in schemes}
    if any(one.location == "cookie" for one in schemes):
        wanted.add(("header", "cookie"))
    if holds(unquote(request.path)):
        yield "the path"
    for name, values in Received(request, {}).query.items():
        if holds(name):
            yield "the name of a query parameter"
        elif holds(" ".join(values)) and ("query", name.lower()) not in wanted:
            yield f"the query parameter {name}"
    takes_basic = any(one.kind == "basic" for one in schemes)
    for name, value in request.headers.items():
        if holds(name):
            yield "the name of a header"
        elif holds(_decoded(value)) and (("header", name) not in wanted or (_BASIC.match(value) and not takes_basic)):
            yield f"the header {name}"
    if call.task != RENEWAL and holds(_plain(request.body)):
        yield "the body"


def _schemes(call: ClientCall, trial: Trial) -> tuple[SecurityScheme, ...]:
    """Return the security schemes by which a credential may be sent with this call."""
    own = call.operation.schemes if call.operation else ()
    return (*trial.contract.deletion.schemes, *own)


def _finder(secrets: frozenset[str]) -> Callable[[str], bool]:
    """Return what finds a secret in a text, as it is or in base64, but not as a part of a longer word."""
    forms = {form for secret in secrets for form in (secret, base64.b64encode(secret.encode()).decode().rstrip("="))}
    if not forms:
        return lambda _: False
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})(?![\w-])")
    return lambda text: pattern.search(text) is not None


def _plain(body: bytes) -> str:
    """Return a body as text, and what a form or a JSON text in it says."""
    text = body.decode(errors="replace")
    try:
        return f"{text} {unquote_plus(text)} {json.dumps(json.loads(text), ensure_ascii=False)}"
    except (ValueError, RecursionError):
        return f"{text} {unquote_plus(text)}"


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


def _decoded(value: str) -> str:
    """Return a header with what its Basic credentials say (RFC 7617)."""
    basic = _BASIC.match(value)
    if not basic:
        return unquote(value) if "%" in value else value
    try:
        return f"{value} " + base64.b64decode(basic[1] + "==").decode(errors="replace")
    except (binascii.Error, ValueError):
        return value

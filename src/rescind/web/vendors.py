"""The one view for every operation of every vendor: the engine matches, and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request

from rescind.web import guard
from rescind.web.current import address, engine, service
from rescind.web.delivery import respond
from rescind.web.environ import request_of, socket_of
from rescind.web.sandboxes import REFUSAL

if TYPE_CHECKING:
    from flask import Response

ENDPOINT: Final = "vendors"


def refuse_early() -> None:
    """Refuse to answer from several processes that share nothing, and an address that no sandbox can have."""
    guard.refuse_separate_worlds(request.environ, service().settings)
    if REFUSAL in request.environ:
        raise request.environ[REFUSAL]


def answer(path: str) -> Response:  # noqa: ARG001 - the engine reads the path as it was sent
    """Return what the vendor answers in this sandbox."""
    current, here = engine(), address()
    received = request_of(request.environ, here, request.get_data(cache=False))
    return respond(current.answer(here.sandbox, received), socket_of(request.environ), current.clock.system)

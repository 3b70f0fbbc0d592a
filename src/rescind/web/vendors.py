"""The one view for every operation of every vendor: the engine matches, and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request

from rescind.web.current import address, body, engine
from rescind.web.delivery import respond
from rescind.web.environ import request_of, socket_of

if TYPE_CHECKING:
    from flask import Response

ENDPOINT: Final = "vendors"


def hand_over() -> Response | None:
    """Take a call that is not one of the control API, though Werkzeug, which drops leading slashes, says so."""
    return None if address().is_control or request.endpoint == ENDPOINT else call_vendor("")


def call_vendor(path: str) -> Response:  # noqa: ARG001 - the engine reads the path as it was sent
    """Return what the vendor answers in this sandbox."""
    current, here = engine(), address()
    received = request_of(request.environ, here, body())
    return respond(current.answer(here.sandbox, received), socket_of(request.environ), current.clock.system)

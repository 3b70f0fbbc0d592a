"""The current request: its sandbox, the engine that answers it, its JSON body."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flask import current_app, g, request

from rescind.contract.received import parse_json
from rescind.control.payloads import refuse_too_many_values
from rescind.errors import Problem, too_large_problem
from rescind.web.environ import base_url
from rescind.web.sandboxes import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.assembly import Service
    from rescind.control.sandboxes import Address
    from rescind.engine import Engine
    from rescind.store import Transaction

T = TypeVar("T")

EXTENSION: Final = "rescind"
"""Where in ``app.extensions`` the service stands."""


def service() -> Service:
    """Return the service of the current application."""
    current: Service = current_app.extensions[EXTENSION]
    return current


def engine() -> Engine:
    """Return the engine, the same one for the whole request even if a reload replaces it meanwhile."""
    if "engine" not in g:
        g.engine = service().engine
    current: Engine = g.engine
    return current


def address() -> Address:
    """Return the sandbox of the current request, and the path within it."""
    found: Address = request.environ[ADDRESS]
    return found


def sandbox_url() -> str:
    """Return the base URL of the sandbox, as the client wrote it."""
    return base_url(request.environ)


def transact(work: Callable[[Transaction], T]) -> T:
    """Run ``work`` as one atomic step in the sandbox of the current request."""
    return engine().transact(address().sandbox, work)


def body() -> bytes:
    """Return the body of the current request. Raises Problem, or RequestEntityTooLarge, if it is too large."""
    content = request.get_data(cache=False)
    if len(content) > service().settings.max_body:
        raise too_large_problem(service().settings.max_body)
    return content


def json_object() -> dict[str, Any]:
    """Return the JSON object that the current request carries. Raises Problem for anything else."""
    if not request.is_json:
        detail = f"the media type is {request.mimetype or 'missing'}"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, "send Content-Type: application/json")
    try:
        # Flask's own parser takes NaN, huge numbers and lone surrogates, which no JSON text can have.
        parsed = parse_json(body())
    except ValueError as wrong:
        raise Problem(HTTPStatus.BAD_REQUEST, f"invalid JSON in the body: {wrong}", "send a JSON object") from None
    if not isinstance(parsed, dict):
        detail = f"the body is a JSON {type(parsed).__name__}"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, "send a JSON object")
    refuse_too_many_values(parsed)
    return parsed

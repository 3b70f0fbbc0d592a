"""What every view of the control API needs: the call's sandbox and body, and replies in JSON."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Response, request

from rescind.contract.received import parse_json
from rescind.problems import Problem
from rescind.web.wsgi import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.store import Transaction
    from rescind.web.site import Site

T = TypeVar("T")


def sandbox() -> str:
    """The name of the sandbox that the call is about."""
    name: str = request.environ[SANDBOX]
    return name


def transact(site: Site, work: Callable[[Transaction], T]) -> T:
    """Run ``work`` as one atomic step in the call's sandbox."""
    engine = site.engine
    return engine.store.transact(sandbox(), engine.clock.system(), work)


def body() -> dict[str, Any]:
    """The JSON object that the call carries. Raises Problem for anything else."""
    if not request.is_json:
        detail = f"the media type is {request.mimetype or 'missing'}"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, "send Content-Type: application/json")
    try:
        parsed = parse_json(request.get_data())
    except ValueError as wrong:
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {wrong}", "send a JSON object") from None
    if not isinstance(parsed, dict):
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body is a JSON {type(parsed).__name__}", "send a JSON object")
    return parsed


def as_json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A reply in JSON."""
    return Response(json.dumps(value, allow_nan=False), status, mimetype="application/json")


def no_content() -> Response:
    """A reply without a body."""
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.headers.remove("Content-Type")
    return response

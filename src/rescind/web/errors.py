"""Every failure as a problem detail (RFC 9457)."""

from __future__ import annotations

import difflib
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from rescind.contract.http import METHODS, refuse_method
from rescind.errors import Problem, StoreError, crash_problem, too_large_problem
from rescind.model import CONTROL_PREFIX, Delivery
from rescind.web.current import address, engine, service
from rescind.web.delivery import respond
from rescind.web.environ import request_of
from rescind.web.sandboxes import REFUSAL
from rescind.web.vendors import ENDPOINT as VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response

    from rescind.model import Request


def respond_to_error(error: Exception) -> Response:
    """Make the response to an error. A vendor's call that failed before the engine had it is journaled too."""
    received = request_of(flask.request.environ, address(), b"")
    problem = _problem_of(error, received)
    if REFUSAL in flask.request.environ or not address().is_control:
        delivery = engine().refuse(address().sandbox, received, problem)
    else:
        delivery = Delivery(problem.reply())
    return respond(delivery, None, engine().clock.system)


def _control_paths() -> Iterator[str]:
    """Yield the paths of the control API, as its document writes them."""
    for rule in flask.current_app.url_map.iter_rules():
        if rule.endpoint != VENDORS:
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _problem_of(error: Exception, request: Request) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, StoreError):
        return error.as_problem()
    return _http_problem(error, request) if isinstance(error, HTTPException) else crash_problem(request, error)


def _http_problem(error: HTTPException, request: Request) -> Problem:
    """Translate what Flask and Werkzeug refuse."""
    match error:
        case NotFound() if request.method not in METHODS:
            return refuse_method(request, "")
        case NotFound():
            nearest = difflib.get_close_matches(request.path, dict.fromkeys(_control_paths()), n=3, cutoff=0.4)
            remedy = f"these are the nearest; all are in {CONTROL_PREFIX}/specs/control.yaml"
            return Problem(HTTPStatus.NOT_FOUND, f"the control API has no {request.path}", remedy, nearest=nearest)
        case MethodNotAllowed():
            return refuse_method(request, ", ".join(sorted(error.valid_methods or ())))
        case RequestEntityTooLarge():
            return too_large_problem(service().settings.max_body)
    return Problem(HTTPStatus(error.code or 500), error.description or error.name, "send a request by RFC 9110")

"""The control API over Flask: one route for each operation of ``spec/control.yaml``."""

from __future__ import annotations

import difflib
import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from rescind.control.catalogue import CONTROL
from rescind.control.reports import commands
from rescind.problems import Problem
from rescind.settings import is_loopback
from rescind.web.hosts import host_name
from rescind.web.trial_views import TrialViews
from rescind.web.world_views import WorldViews

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.web.site import Site


def create_app(site: Site) -> Flask:
    """The control API as a WSGI application."""
    app = Flask("rescind.web", static_folder=None)
    for method, path, view in _routes(WorldViews(site), TrialViews(site)):
        rule = app.url_rule_class(CONTROL + path, methods=[method], endpoint=view.__name__)
        (rule.methods or set()).discard("HEAD")  # werkzeug adds it; the document does not
        app.url_map.add(rule)
        app.view_functions[view.__name__] = view
    app.jinja_env.globals["commands"] = commands
    app.config["PROPAGATE_EXCEPTIONS"] = True  # the site answers them, and writes the traceback
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.before_request(lambda: authorise(site))
    app.before_request(_refuse_broken_text)
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, lambda error: _http_problem(app, error))
    return app


def _routes(world: WorldViews, trial: TrialViews) -> tuple[tuple[str, str, Callable[..., Response]], ...]:
    """Every operation of the document: method, path, view."""
    record = "/state/<vendor>/<collection>/<path:identifier>"
    return (
        ("GET", "/health", world.health),
        ("GET", "/outcomes", world.outcomes),
        ("GET", "/specs/<name>.<any(yaml, json):suffix>", world.spec),
        ("POST", "/reset", world.reset),
        ("GET", "/state/<vendor>", world.everything),
        ("GET", "/state/<vendor>/settings", world.settings),
        ("PATCH", "/state/<vendor>/settings", world.change_settings),
        ("GET", record, world.record),
        ("PUT", record, world.put_record),
        ("PATCH", record, world.patch_record),
        ("DELETE", record, world.delete_record),
        ("GET", "/clock", world.clock),
        ("PUT", "/clock", world.set_clock),
        ("POST", "/clock/advance", world.advance_clock),
        ("GET", "/sandboxes", world.sandboxes),
        ("DELETE", "/sandboxes", world.drop_sandboxes),
        ("DELETE", "/sandboxes/<name>", world.drop_sandbox),
        ("GET", "/overrides", trial.overrides),
        ("POST", "/overrides", trial.add_override),
        ("DELETE", "/overrides", trial.remove_overrides),
        ("DELETE", "/overrides/<identifier>", trial.remove_override),
        ("GET", "/journal", trial.journal),
        ("GET", "/journal.har", trial.archive),
        ("DELETE", "/journal", trial.clear_journal),
        ("POST", "/journal/verify", trial.verify),
        ("GET", "/coverage", trial.coverage),
    )


def authorise(site: Site) -> None:
    """Refuse a call that has not the control token or, where there is none, that a foreign web page may have sent."""
    token = site.settings.control_token
    if token is None:
        _refuse_foreign_pages()
        return
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "the control API needs its token",
            "send Authorization: Bearer TOKEN, with the token that the server was started with",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _refuse_broken_text() -> None:
    """Two identifiers that are no UTF-8 must not become one."""
    if "\ufffd" in request.path:
        raise Problem(HTTPStatus.BAD_REQUEST, "the path is not UTF-8", "percent-encode the UTF-8 of each segment")


def _refuse_foreign_pages() -> None:
    """A browser says whom it asks and for whom: neither DNS rebinding nor a cross-site call gets through."""
    origin = request.headers.get("Origin")
    asked = [("Host", request.host)] + ([("Origin", origin.partition("://")[2])] if origin is not None else [])
    for header, place in asked:
        if not is_loopback(host_name(place) or ""):
            detail = f"the {header} header names {place or 'nobody'}, which is not this machine"
            remedy = "call the control API by a loopback address, or start the server with --control-token"
            raise Problem(HTTPStatus.FORBIDDEN, detail, remedy)


def _problem(problem: Problem) -> Response:
    reply = problem.reply()
    return Response(reply.body, reply.status, list(reply.headers))


def _http_problem(app: Flask, error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    allow = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    if allow:
        detail = f"{request.path} has no {request.method}"
        return _problem(Problem(status, detail, f"use {allow}", headers={"Allow": allow}))
    paths = {rule.rule for rule in app.url_map.iter_rules()}
    nearest = difflib.get_close_matches(request.path, paths, n=3, cutoff=0.4)
    remedy = f"these are the nearest; all are in {CONTROL}/specs/control.yaml"
    return _problem(Problem(status, f"the control API has no {request.path}", remedy, nearest=nearest))

"""The control API: one route for each operation of ``spec/control.yaml``."""

from __future__ import annotations

import difflib
import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from rescind.contract.received import Received, is_text
from rescind.contract.routing import Router
from rescind.control.catalogue import CONTROL
from rescind.problems import Problem
from rescind.settings import is_loopback
from rescind.web import trial_views as trial
from rescind.web import world_views as world
from rescind.web.exchange import Exchange
from rescind.web.hosts import host_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.model import Reply, Request
    from rescind.web.site import Site


class Route(NamedTuple):
    """A method and a path of the control API, and the view that answers it."""

    method: str
    path: str
    view: Callable[..., Reply]
    vendor: str = "control"

    @property
    def id(self) -> str:
        """The name of the view."""
        return self.view.__name__


class Control:
    """Answers calls of the control API, each about one sandbox."""

    def __init__(self, site: Site) -> None:
        self._site = site
        routes = [Route(method, CONTROL + path, view) for method, path, view in _ROUTES]
        self._router = Router(routes, {})

    def answer(self, sandbox: str, request: Request) -> Reply:
        """The reply to a call. Raises Problem for one that is refused."""
        _authorise(request, self._site.settings.control_token)
        match = self._router.match(request.path)
        if match is None:
            nearest = difflib.get_close_matches(request.path, self._router.paths.values(), n=3, cutoff=0.4)
            remedy = f"these are the nearest; all are in {CONTROL}/specs/control.yaml"
            raise Problem(HTTPStatus.NOT_FOUND, f"the control API has no {request.path}", remedy, nearest=nearest)
        if request.method not in match.methods:
            detail = f"{request.path} has no {request.method}"
            headers = {"Allow": match.allow}
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, f"use {match.allow}", headers)
        if not all(map(is_text, match.groups)):
            # Two identifiers that are no UTF-8 must not become one.
            remedy = "percent-encode the UTF-8 of each segment"
            raise Problem(HTTPStatus.BAD_REQUEST, "the path is not UTF-8", remedy)
        route = match.methods[request.method]
        path = match.path_of(route)
        return route.view(Exchange(self._site.engine, sandbox, Received(request, path)), **path)


def _authorise(request: Request, token: str | None) -> None:
    """Refuse a call that has not the control token or, where there is none, that a foreign web page may have sent."""
    if token is None:
        _refuse_foreign_pages(request)
        return
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "the control API needs its token",
            "send Authorization: Bearer TOKEN, with the token that the server was started with",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _refuse_foreign_pages(request: Request) -> None:
    """A browser says whom it asks and for whom: neither DNS rebinding nor a cross-site call gets through."""
    asked = [("Host", request.base_url)]
    if "origin" in request.headers:
        asked.append(("Origin", request.headers["origin"]))
    for header, url in asked:
        place = url.partition("://")[2].partition("/")[0]
        if not is_loopback(host_name(place) or ""):
            detail = f"the {header} header names {place or 'nobody'}, which is not this machine"
            remedy = "call the control API by a loopback address, or start the server with --control-token"
            raise Problem(HTTPStatus.FORBIDDEN, detail, remedy)


_RECORD = "/state/{vendor}/{collection}/{identifier}"
_ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("GET", "/health", world.health),
    ("GET", "/outcomes", world.outcomes),
    ("GET", "/specs/{name}.{suffix}", world.spec),
    ("POST", "/reset", world.reset),
    ("GET", "/state/{vendor}", world.everything),
    ("GET", "/state/{vendor}/settings", world.settings),
    ("PATCH", "/state/{vendor}/settings", world.change_settings),
    ("GET", _RECORD, world.record),
    ("PUT", _RECORD, world.put_record),
    ("PATCH", _RECORD, world.patch_record),
    ("DELETE", _RECORD, world.delete_record),
    ("GET", "/clock", world.clock),
    ("PUT", "/clock", world.set_clock),
    ("POST", "/clock/advance", world.advance_clock),
    ("GET", "/sandboxes", world.sandboxes),
    ("DELETE", "/sandboxes", world.drop_sandboxes),
    ("DELETE", "/sandboxes/{name}", world.drop_sandbox),
    ("GET", "/overrides", trial.overrides),
    ("POST", "/overrides", trial.add_override),
    ("DELETE", "/overrides", trial.remove_overrides),
    ("DELETE", "/overrides/{identifier}", trial.remove_override),
    ("GET", "/journal", trial.journal),
    ("GET", "/journal.har", trial.archive),
    ("DELETE", "/journal", trial.clear_journal),
    ("POST", "/journal/verify", trial.verify),
    ("GET", "/coverage", trial.coverage),
)

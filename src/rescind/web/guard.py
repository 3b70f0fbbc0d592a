"""Who may call: the control API is for this machine or for those who have its token."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import request

from rescind.errors import Problem
from rescind.server.hosts import host_name
from rescind.settings import is_loopback
from rescind.web.current import service
from rescind.web.environ import host
from rescind.web.sandboxes import REFUSAL

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from rescind.settings import Settings


_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
"""What a reverse proxy says of the client: the peer is then the proxy, whoever the client is."""


def refuse_early() -> None:
    """Refuse to answer from several processes that share nothing, and for an invalid name of a sandbox."""
    _refuse_separate_worlds(request.environ, service().settings)
    if REFUSAL in request.environ:
        raise request.environ[REFUSAL]


def authorise() -> None:
    """Raise Problem for a call without the control token or, if no token is set, from another machine or web page."""
    _authorise(request.environ, service().settings.control_token)


def _refuse_separate_worlds(environ: WSGIEnvironment, settings: Settings) -> None:
    """Raise Problem if the host has several processes, and each would have a world of its own."""
    if environ["wsgi.multiprocess"] and not settings.is_shared:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "this host runs several processes, and with memory:// each of them would have a world of its own",
            "run one process (gunicorn --workers 1 --threads 8), or share a store: RESCIND_STORE=redis://HOST:PORT/DB",
        )


def _authorise(environ: WSGIEnvironment, token: str | None) -> None:
    if token is None:
        _refuse_others(environ)
        return
    given = environ.get("HTTP_AUTHORIZATION", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "the control API needs its token",
            "send Authorization: Bearer TOKEN, with the token that the server was started with",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _refuse_others(environ: WSGIEnvironment) -> None:
    """Refuse other machines by their address, and DNS rebinding and cross-site calls by what a browser says."""
    remedy = "call the control API by a loopback address, or start the server with a control token"
    for header in _FORWARDED:
        if header in environ:
            raise Problem(HTTPStatus.FORBIDDEN, f"the call came through a proxy ({_field_name(header)})", remedy)
    peer = environ.get("REMOTE_ADDR")
    if peer and not is_loopback(peer):
        raise Problem(HTTPStatus.FORBIDDEN, f"the call comes from {peer}, which is not this machine", remedy)
    asked = [("Host", host(environ))]
    if "HTTP_ORIGIN" in environ:
        asked.append(("Origin", environ["HTTP_ORIGIN"].partition("://")[2].partition("/")[0]))
    for header, place in asked:
        if not is_loopback(host_name(place) or ""):
            detail = f"the {header} header names {place or 'no host'}, which is not this machine"
            raise Problem(HTTPStatus.FORBIDDEN, detail, remedy)


def _field_name(variable: str) -> str:
    return variable.removeprefix("HTTP_").replace("_", "-").title()

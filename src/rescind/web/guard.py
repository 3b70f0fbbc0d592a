"""Who may call: the control API is for this machine or for those who have its token."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.errors import Problem
from rescind.server.hosts import host_name
from rescind.settings import is_loopback
from rescind.web.environ import host

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from rescind.settings import Settings


def refuse_separate_worlds(environ: WSGIEnvironment, settings: Settings) -> None:
    """Raise Problem if the host has several processes, and each would have a world of its own."""
    if environ["wsgi.multiprocess"] and not settings.is_shared:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "this host runs several processes, and with memory:// each of them would have a world of its own",
            "run one process (gunicorn --workers 1 --threads 8), or share a store: RESCIND_STORE=redis://HOST:PORT/DB",
        )


def authorise(environ: WSGIEnvironment, token: str | None) -> None:
    """Raise Problem for a call without the control token or, where there is none, from another machine or web page."""
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
    peer = environ.get("REMOTE_ADDR")
    if peer and not is_loopback(peer):
        raise Problem(HTTPStatus.FORBIDDEN, f"the call comes from {peer}, which is not this machine", remedy)
    asked = [("Host", host(environ))]
    if "HTTP_ORIGIN" in environ:
        asked.append(("Origin", environ["HTTP_ORIGIN"].partition("://")[2].partition("/")[0]))
    for header, place in asked:
        if not is_loopback(host_name(place) or ""):
            detail = f"the {header} header names {place or 'nobody'}, which is not this machine"
            raise Problem(HTTPStatus.FORBIDDEN, detail, remedy)

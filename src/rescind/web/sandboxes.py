"""A WSGI middleware for ``/~NAME``: it moves the prefix to ``SCRIPT_NAME``, so that every URL stays in its sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rescind.control.sandboxes import Address, locate
from rescind.errors import Problem
from rescind.store import DEFAULT_SANDBOX
from rescind.web.environ import path_bytes, raw_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ADDRESS: Final = "rescind.address"
"""Where in the environ the sandbox and the path within it stand."""

REFUSAL: Final = "rescind.refusal"
"""Where in the environ the problem of an address stands that no sandbox can have."""


class Sandboxes:
    """Finds the sandbox of each request, by its path or by its header."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Call the application below the sandbox's prefix."""
        environ["PATH_INFO"] = path_bytes(environ).decode("latin-1")
        path = raw_path(environ)
        try:
            address = locate(path, environ.get("HTTP_X_RESCIND_SANDBOX"))
        except Problem as problem:
            environ[REFUSAL] = problem
            address = Address(DEFAULT_SANDBOX, path)
        if address.prefix:
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + address.prefix
            environ["PATH_INFO"] = "/" + environ["PATH_INFO"][1:].partition("/")[2]
        environ[ADDRESS] = address
        return self._app(environ, start_response)

"""Calling a WSGI application (PEP 3333) with a request, in the same process."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from rescind.model import Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from rescind.model import Request

SANDBOX = "rescind.sandbox"
"""The environment's key for the name of the sandbox that a request is about."""


def call(application: WSGIApplication, request: Request, sandbox: str) -> Reply:
    """The application's reply to the request."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ARG001 - PEP 3333
        started[:] = [int(status.split(" ", 1)[0]), headers]

    parts = application(_environ(request, sandbox), start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
    status, headers = started
    return Reply(status, tuple((name, value) for name, value in headers if name.lower() != "content-length"), body)


def _environ(request: Request, sandbox: str) -> dict[str, Any]:
    base = urlsplit(request.base_url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": base.path,
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": base.hostname or "localhost",
        "SERVER_PORT": str(base.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": base.scheme or "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        SANDBOX: sandbox,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = value
    return environ

"""From a WSGI environ (PEP 3333) to the engine's request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from rescind.model import Request
from rescind.server.wire_faults import HAS_SOCKET

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import WSGIEnvironment

    from rescind.control.sandboxes import Address

_ABSOLUTE = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
"""What a path may have unescaped (RFC 3986, section 3.3), beside letters, digits and ``-._``."""

_ASCII = bytes(range(128)).decode()
_SOCKETS = ("gunicorn.socket", "werkzeug.socket")
_TARGETS = ("RAW_URI", "REQUEST_URI")


def raw_path(environ: WSGIEnvironment) -> str:
    """Return the path below ``SCRIPT_NAME`` as it was sent or, where the host does not tell, encoded again."""
    decoded = path_bytes(environ)
    target = next((environ[name] for name in _TARGETS if environ.get(name)), None)
    if target is not None:
        segments = _ABSOLUTE.sub("", target, count=1).partition("?")[0].split("/")
        mounted = environ.get("SCRIPT_NAME", "").count("/")
        for dropped in (mounted, 0):  # a proxy may have taken the mount from the target already
            rest = "/" + "/".join(segments[dropped + 1 :])
            if unquote_to_bytes(rest.encode("latin-1", "replace")) == decoded:
                return quote(rest.encode("latin-1"), safe=_ASCII)
    return quote(decoded, safe=_PATH_CHARACTERS) or "/"


def path_bytes(environ: WSGIEnvironment) -> bytes:
    """Return PATH_INFO as bytes. Some clients in the process put text there, which PEP 3333 does not allow."""
    path: str = environ.get("PATH_INFO", "")
    try:
        return path.encode("latin-1")
    except UnicodeEncodeError:
        return path.encode()


def base_url(environ: WSGIEnvironment) -> str:
    """Return what the client puts before the paths of its sandbox: scheme, host, mount and ``/~NAME``."""
    script = quote(environ.get("SCRIPT_NAME", "").encode("latin-1"), safe=_PATH_CHARACTERS)
    return f"{environ['wsgi.url_scheme']}://{host(environ)}{script}"


def host(environ: WSGIEnvironment) -> str:
    """Return the host that the client asked, with its port."""
    named: str = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return named


def request_of(environ: WSGIEnvironment, address: Address, body: bytes) -> Request:
    """Return the request as the engine wants it."""
    return Request(
        method=environ["REQUEST_METHOD"],
        path=address.path,
        query=environ.get("QUERY_STRING", ""),
        headers=_headers(environ),
        body=body,
        base_url=base_url(environ),
        has_socket=has_socket(environ),
    )


def has_socket(environ: WSGIEnvironment) -> bool:
    """Return whether the host lets Rescind break its connections."""
    return HAS_SOCKET in environ or socket_of(environ) is not None


def socket_of(environ: WSGIEnvironment) -> socket.socket | None:
    """Return the socket of the connection, where the host gives it away."""
    return next((environ[name] for name in _SOCKETS if name in environ), None)


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers

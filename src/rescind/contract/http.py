"""What HTTP itself says, whatever a document says: methods, fields of the connection, the form of names."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from rescind.errors import Problem

if TYPE_CHECKING:
    from rescind.model import Request

TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"  # noqa: S105 - RFC 9110, section 5.6.2

_REGISTERED = """
    ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR
    MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PRI PROPFIND PROPPATCH PUT QUERY REBIND REPORT
    SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL
"""
METHODS: Final = frozenset(re.findall("[A-Z-]+", _REGISTERED))
"""The methods of IANA's registry (https://www.iana.org/assignments/http-methods), as of 2026."""

OWN_FIELDS: Final = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields that the server or the media type decides on (RFC 9110, 7.6.1 and 8.6; OpenAPI 3.1, Response Object)."""

is_field_name = re.compile(TOKEN).fullmatch


_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def redirects(status: int) -> bool:
    """Return whether a status sends the client to another URL (RFC 9110, section 15.4)."""
    return status in _REDIRECTS


def refuse_method(request: Request, allow: str) -> Problem:
    """Return the problem for a method that a known path does not have: 405 or, for one that does not exist, 501."""
    return unknown_method(request) or Problem(
        HTTPStatus.METHOD_NOT_ALLOWED, f"{request.path} has no {request.method}", f"use {allow}", {"Allow": allow}
    )


def unknown_method(request: Request) -> Problem | None:
    """Return the problem for a method that does not exist, None for one that does (RFC 9110, section 9.1)."""
    if request.method in METHODS:
        return None
    remedy = "use a registered method; they are case-sensitive"
    return Problem(HTTPStatus.NOT_IMPLEMENTED, f"unknown method {request.method!r}", remedy)

"""Addresses of sandboxes: ``/~NAME`` before the path, or the header ``X-Rescind-Sandbox``."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.problems import Problem
from rescind.store import DEFAULT_SANDBOX

if TYPE_CHECKING:
    from rescind.model import Request

SANDBOX_HEADER = "x-rescind-sandbox"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_STARTS = ("/~", "/%7")
_PREFIX = re.compile(r"/(?:~|%7[Ee])([^/]*)(/.*)?", re.DOTALL)


def locate(request: Request) -> tuple[str, Request]:
    """The name of the sandbox that a request is for, and the request relative to its base URL.

    Raises Problem for a name that no sandbox can have, or two names that differ.
    """
    by_header = request.headers.get(SANDBOX_HEADER)
    prefixed = _PREFIX.fullmatch(request.path) if request.path.startswith(_STARTS) else None
    if prefixed is None:
        return sandbox_name(by_header) if by_header is not None else DEFAULT_SANDBOX, request
    name = sandbox_name(prefixed.group(1))
    if by_header not in (None, name):
        detail = f"the path names the sandbox {name!r}, X-Rescind-Sandbox names {by_header!r}"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, "name one sandbox, in the path or in the header")
    return name, request._replace(path=prefixed.group(2) or "/", base_url=f"{request.base_url}/~{name}")


def sandbox_name(name: str) -> str:
    """The name, if a sandbox can have it. Raises Problem if not."""
    if not _NAME.fullmatch(name):
        detail = f"{name!r} is no name of a sandbox"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, f"a name matches {_NAME.pattern}")
    return name

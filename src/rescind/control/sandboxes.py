"""Addresses of sandboxes: ``/~NAME`` before the path, or the header ``X-Rescind-Sandbox``."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import unquote

from rescind.errors import Problem
from rescind.model import CONTROL_PREFIX
from rescind.store import DEFAULT_SANDBOX

SANDBOX_HEADER: Final = "x-rescind-sandbox"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_STARTS = ("/~", "/%7")
_PREFIX = re.compile(r"/(?:~|%7[Ee])([^/]*)(/.*)?", re.DOTALL)


class Address(NamedTuple):
    """A sandbox, the path within it, and the prefix of the path that named the sandbox; empty without such a prefix."""

    sandbox: str
    path: str
    prefix: str = ""

    @property
    def is_control(self) -> bool:
        """Whether the path is one of the control API, however it is percent-encoded (RFC 3986, section 6.2.2.2)."""
        path = unquote(self.path) if "%" in self.path else self.path
        return path == CONTROL_PREFIX or path.startswith(f"{CONTROL_PREFIX}/")


def locate(path: str, header: str | None) -> Address:
    """Find the sandbox that a percent-encoded path, or the value of the header, names.

    Raises Problem for an invalid name, or two names that differ.
    """
    prefixed = _PREFIX.fullmatch(path) if path.startswith(_STARTS) else None
    if prefixed is None:
        return Address(DEFAULT_SANDBOX if header is None else sandbox_name(header), path)
    name = sandbox_name(prefixed.group(1))
    if header not in (None, name):
        detail = f"the path names the sandbox {name!r}, X-Rescind-Sandbox names {header!r}"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, "name one sandbox, in the path or in the header")
    return Address(name, prefixed.group(2) or "/", f"/~{name}")


def sandbox_name(name: str) -> str:
    """Return the name. Raises Problem if it is invalid."""
    if not _NAME.fullmatch(name):
        detail = f"invalid sandbox name {name!r}"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, f"a name matches {_NAME.pattern}")
    return name

"""The head of a request: its line, its target and its fields (RFC 9112, sections 3 and 5)."""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from rescind.contract.http import TOKEN, is_field_name
from rescind.errors import Problem
from rescind.model import Request
from rescind.server.hosts import is_host

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_HEAD = 64 * 1024
"""The bytes that a request line and its headers may have."""

_MAX_FIELDS = 500
_MAX_REMEMBERED = 2 * 1024

_REQUEST_LINE = re.compile(rf"({TOKEN}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_ABSOLUTE = re.compile(r"https?://([^/?]*)([^?]*)", re.IGNORECASE)


class Head(NamedTuple):
    """A head that was parsed: a request without its body. ``minor`` is the minor version of HTTP/1."""

    request: Request
    minor: int

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants the connection to stay open (RFC 9112, section 9.3)."""
        headers = self.request.headers
        options = headers["connection"].lower() if "connection" in headers else ""
        if self.minor == 0:  # whoever knows no chunks may be behind a proxy that passes them on (section 6.1)
            return "keep-alive" in _list(options) and "transfer-encoding" not in headers
        return not options or "close" not in _list(options)

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for ``100 Continue`` before it sends the body (RFC 9110, section 10.1.1)."""
        return self.minor > 0 and self.request.headers.get("expect", "").lower() == "100-continue"


def parse_head(text: str) -> Head:
    """Parse a head without its last line end. Raises Problem for one that is invalid."""
    line, _, fields = text.partition("\r\n")
    method, target, minor = _parse_line(line)
    headers = _parse_again(fields) if len(fields) <= _MAX_REMEMBERED else parse_fields(fields)
    host = headers.get("host", "localhost" if minor == 0 else "")
    if not is_host(host):
        raise Problem(
            HTTPStatus.BAD_REQUEST, f"the Host header is {host or 'missing'}", "send one Host: NAME or NAME:PORT"
        )
    expected = headers.get("expect", "").lower()
    if expected not in {"", "100-continue"} and minor > 0:
        detail = f"unknown expectation {_shown(expected)}"
        raise Problem(HTTPStatus.EXPECTATION_FAILED, detail, "expect 100-continue, or nothing")
    path, query, host = _parse_target(method, target, host)
    return Head(Request(method, path, query, headers, b"", f"http://{host}"), minor)


def parse_fields(text: str) -> Mapping[str, str]:
    """Parse lines of fields: values by name in lower case, those of a repeated field joined (RFC 9110, section 5.3).

    Raises Problem for a line that is not a field.
    """
    fields: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for line in text.split("\r\n") if text else ():
        name, colon, value = line.partition(":")
        if not (colon and is_field_name(name)):
            raise invalid(f"{_shown(line)} is not a field", "write each field as NAME: VALUE on one line")
        key = name.lower()
        if key in fields:
            repeated.setdefault(key, [fields[key]]).append(value.strip(" \t"))
        else:
            fields[key] = value.strip(" \t")
    if "content-type" in repeated:
        raise invalid("there are several Content-Type", "send one")
    for name, values in repeated.items():
        fields[name] = ", ".join(values)
    if len(fields) + sum(map(len, repeated.values())) > _MAX_FIELDS:
        raise Problem(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"there are more than {_MAX_FIELDS} fields",
            "send fewer headers",
        )
    return fields


_parse_again = lru_cache(maxsize=256)(parse_fields)
"""The same for fields that were parsed before: most clients send the same ones again and again."""


def begun_request(text: str) -> Request:
    """Return what can be told of a request whose head is invalid: its method and target, if its first line is valid."""
    line, end, _ = text.partition("\r\n")
    found = _REQUEST_LINE.fullmatch(line) if end else None
    method, target = (found[1], found[2]) if found else ("", "/")
    path, _, query = target.partition("?")
    return Request(method, path if path.startswith("/") else f"/{path}", query, {}, b"", "http://localhost")


def invalid(detail: str, remedy: str = "send a request by RFC 9112") -> Problem:
    """Refuse what is not HTTP/1.1."""
    return Problem(HTTPStatus.BAD_REQUEST, f"invalid HTTP/1.1: {detail}", remedy)


def _parse_line(line: str) -> tuple[str, str, int]:
    """Return the method, the target and the minor version. Raises Problem for a line that is invalid."""
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise invalid(f"{_shown(line)} is not a request line", "write METHOD TARGET HTTP/1.1, with single spaces")
    method, target, major, minor = found.groups()
    if major != "1":
        detail = f"the version is HTTP/{major}.{minor}"
        raise Problem(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, detail, "send HTTP/1.1")
    return method, target, int(minor)


def _parse_target(method: str, target: str, host: str) -> tuple[str, str, str]:
    """Return path, query and host. A host that the target names goes before the header (RFC 9112, section 3.2.2)."""
    if "#" in target:
        raise invalid("the target has a fragment", "leave out # and what follows it, or write %23")
    if target.startswith("/") and method != "CONNECT":
        path, _, query = target.partition("?")
        return path, query, host
    if target == "*" and method == "OPTIONS":
        return target, "", host
    if method == "CONNECT":
        if not is_host(target) or target.rpartition(":")[2] in {"", "0"}:
            raise invalid(f"the target {_shown(target)} of CONNECT is not HOST:PORT")
        return target, "", host
    absolute = _ABSOLUTE.match(target)
    if absolute is None or not is_host(absolute[1]):
        raise invalid(f"the target {_shown(target)} is not a path", "write /PATH or http://HOST/PATH")
    return absolute[2] or "/", target.partition("?")[2], absolute[1]


def _list(text: str) -> list[str]:
    """Return the elements of a list of options."""
    return [option.strip() for option in text.split(",")]


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}...")  # noqa: PLR2004 - enough to find it

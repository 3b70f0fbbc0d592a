"""The body of a request, and where it ends (RFC 9112, sections 6 and 7)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from rescind.contract.http import TOKEN
from rescind.errors import Problem, too_large_problem
from rescind.server.block import Block
from rescind.server.head import MAX_HEAD, invalid, parse_fields

if TYPE_CHECKING:
    from rescind.server.head import Head

_MAX_LINE = 4 * 1024
_MOST_DIGITS = 18
_NO_TRAILERS = frozenset(
    (
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "trailer",
        "transfer-encoding",
    )
)
"""Fields that say how to read a message, or who sends it, and so come before it (RFC 9110, section 6.5.1)."""

_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_CHUNK = re.compile(
    rf"([0-9A-Fa-f]{{1,16}})((?:[ \t]*+;[ \t]*+{TOKEN}(?:[ \t]*+=[ \t]*+(?:{TOKEN}|{_QUOTED}))?+)*+)\r\n".encode()
)
_is_length = re.compile("[0-9]+").fullmatch


class Body(Protocol):
    """What is still to come of a request."""

    def take(self, buffer: bytearray) -> bytes | None:
        """Take the body out of the buffer; return None until all of it is there. Raises Problem for an invalid one."""


def body_of(head: Head, max_body: int) -> Body | None:
    """Return the body that the head announces, None if there is none. Raises Problem for framing that is unsure."""
    headers = head.request.headers
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if length is not None:  # a proxy may have believed the other one (section 6.3)
            raise invalid("there are both Content-Length and Transfer-Encoding", "send one of them")
        _refuse_other_codings(coding.lower())
        return _Chunked(max_body)
    if length is None:
        return None
    if not _is_length(length):
        raise invalid(f"the Content-Length is {length[:80]!r}", "send one number of bytes")
    digits = length.lstrip("0")
    if len(digits) > _MOST_DIGITS:
        raise invalid("the Content-Length is larger than any body", "send the number of bytes")
    if int(digits or 0) > max_body:
        raise too_large_problem(max_body)
    return _Sized(int(digits)) if digits else None


def _refuse_other_codings(coding: str) -> None:
    codings = [one.strip(" \t") for one in coding.split(",")]
    if codings == ["chunked"]:
        return
    if codings[-1] != "chunked" or codings.count("chunked") > 1:
        raise invalid(f"the Transfer-Encoding is {coding[:80]!r}", "send Transfer-Encoding: chunked")
    detail = f"the Transfer-Encoding is {coding[:80]!r}"
    raise Problem(HTTPStatus.NOT_IMPLEMENTED, detail, "send Transfer-Encoding: chunked, and nothing else")


class _Sized:
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        self._length = length

    def take(self, buffer: bytearray) -> bytes | None:
        """See ``Body``."""
        if len(buffer) < self._length:
            return None
        content = bytes(buffer[: self._length])
        del buffer[: self._length]
        return content


class _Chunked:
    """A body in chunks. Their extensions and the trailer fields are validated and dropped."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._content = bytearray()
        self._extensions = 0
        self._trailers: Block | None = None

    def take(self, buffer: bytearray) -> bytes | None:
        """See ``Body``."""
        if self._trailers is None:
            self._take_chunks(buffer)
        if self._trailers is None:
            return None
        if buffer.startswith(b"\r\n"):
            del buffer[:2]
            return bytes(self._content)
        trailers = self._trailers.take(buffer)
        if trailers is None:
            return None
        forbidden = parse_fields(trailers).keys() & _NO_TRAILERS
        if forbidden:
            raise invalid(f"{min(forbidden)} is a trailer", "send it as a header")
        return bytes(self._content)

    def _take_chunks(self, buffer: bytearray) -> None:
        """Take the chunks that are whole; after the last one the trailers begin."""
        at = 0
        while self._trailers is None:
            start = self._line_end(buffer, at)
            if not start:
                break
            size = self._chunk_size(buffer, at, start)
            end = start + size
            if size == 0:
                self._trailers = Block("trailers")
                at = start
                break
            mark = buffer[end : end + 2]
            if not b"\r\n".startswith(mark):
                raise invalid("a chunk is longer than its size", "end each chunk with CRLF")
            if len(mark) < len(b"\r\n"):
                break
            self._content += buffer[start:end]
            self._extensions += start - at - len(b"0\r\n")
            at = end + 2
        del buffer[:at]

    def _line_end(self, buffer: bytearray, at: int) -> int:
        """Return where the line ends that gives the size of a chunk; 0 while its end has not come."""
        found = buffer.find(b"\n", at, at + _MAX_LINE)
        if found < 0 and len(buffer) - at >= _MAX_LINE:
            raise invalid(f"the size of a chunk has more than {_MAX_LINE} bytes", "send shorter chunk extensions")
        return found + 1

    def _chunk_size(self, buffer: bytearray, at: int, end: int) -> int:
        found = _CHUNK.fullmatch(buffer, at, end)
        if found is None:
            remedy = "send SIZE in hexadecimal, CRLF, the chunk, CRLF"
            raise invalid("the size of a chunk is not a hexadecimal number", remedy)
        size = int(found[1], 16)
        if len(self._content) + size > self._max_body:
            raise too_large_problem(self._max_body)
        if self._extensions > MAX_HEAD:
            raise invalid(f"the chunk extensions have more than {MAX_HEAD} bytes", "send none")
        return size

"""Faults as they look on the wire: the bytes that are still sent, and how the connection ends after them."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW_BODY = "slow_body"
"""The body in pieces; the connection goes on."""

HAS_SOCKET = "rescind.has_socket"
"""In a WSGI environ: the server that calls the application makes every fault itself."""

SLOW_BODY_SECONDS = 1.0
"""How long a slow body takes if no delay says otherwise."""

_PIECES = 20
_NO_HTTP = bytes(range(256)) + b"this is not HTTP\r\n\r\n"


CHUNKED_BODY = "chunked_body"
"""The body in chunks, in the place of a length; the connection goes on."""


class Break(NamedTuple):
    """The bytes that are sent before a connection is closed or, with ``is_reset``, reset."""

    sent: bytes = b""
    is_reset: bool = False


def break_of(fault: str, head: bytes, body: bytes) -> Break:
    """Return how a fault breaks the connection that was to carry this reply."""
    return _BREAKS[fault](head, body)


def pieces(head: bytes, body: bytes) -> tuple[bytes, list[bytes]]:
    """Split a reply into what is sent at once and slow pieces: of the body or, without one, of the head."""
    slow = body or head
    size = max(1, -(-len(slow) // _PIECES))
    return (head if body else b""), [slow[start : start + size] for start in range(0, len(slow), size)]


def prepare_reset(connection: socket.socket) -> None:
    """Let the next close of the socket send RST (SO_LINGER with a timeout of 0)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def chunked(head: bytes, body: bytes) -> bytes:
    """Return the reply in chunks of different sizes (RFC 9112, section 7.1); one without a body stays as it is."""
    if not body:
        return head
    third = len(body) // 3
    parts = [part for part in (body[:third], body[third : third + 1], body[third + 1 :]) if part]
    return _chunked_head(head) + b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _chunked_head(head: bytes) -> bytes:
    """Return the head with Transfer-Encoding in the place of Content-Length."""
    kept = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"content-length:")]
    return b"\r\n".join([*kept, b"Transfer-Encoding: chunked", b"", b""])


def _reset(head: bytes, body: bytes) -> Break:  # noqa: ARG001 - all faults have one form
    return Break(is_reset=True)


def _nothing(head: bytes, body: bytes) -> Break:  # noqa: ARG001
    return Break()


def _garbage(head: bytes, body: bytes) -> Break:  # noqa: ARG001
    return Break(_NO_HTTP)


def _truncated(head: bytes, body: bytes) -> Break:
    """Fewer bytes than Content-Length. A reply without a body loses half of its head."""
    return Break(head + body[: len(body) // 2] if body else head[: len(head) // 2])


def _malformed_chunk(head: bytes, body: bytes) -> Break:
    """Send a chunk, then one whose size is not a number."""
    chunk = body or b"x"
    return Break(_chunked_head(head) + b"%x\r\n%b\r\nno size\r\n" % (len(chunk), chunk))


def _whole(head: bytes, body: bytes) -> Break:
    """Send all of it, without having said that the connection ends."""
    return Break(head + body)


_BREAKS: dict[str, Callable[[bytes, bytes], Break]] = {
    "connection_reset": _reset,
    "empty_reply": _nothing,
    "reply_lost": _nothing,
    "hang": _nothing,  # once the hang is over
    "truncated_body": _truncated,
    "malformed_chunk": _malformed_chunk,
    "garbage": _garbage,
    "stale_connection": _whole,
}

"""Faults as they look on the wire: the bytes that are still sent, and how the connection ends after them."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW_BODY = "slow_body"
"""The one fault that does not break the connection."""

HAS_SOCKET = "rescind.has_socket"
"""In a WSGI environ: the server that calls the application makes every fault itself."""

SLOW_BODY_SECONDS = 1.0
"""How long a slow body takes if no delay says otherwise."""

_PIECES = 20
_NO_HTTP = bytes(range(256)) + b"this is not HTTP\r\n\r\n"


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
    lines = head.split(b"\r\n")
    kept = [line for line in lines if line and not line.lower().startswith(b"content-length:")]
    chunk = body or b"x"
    chunked = b"\r\n".join([*kept, b"Transfer-Encoding: chunked", b"", b""])
    return Break(chunked + b"%x\r\n%b\r\nno size\r\n" % (len(chunk), chunk))


_BREAKS: dict[str, Callable[[bytes, bytes], Break]] = {
    "connection_reset": _reset,
    "empty_reply": _nothing,
    "reply_lost": _nothing,
    "hang": _nothing,  # once the hang is over
    "truncated_body": _truncated,
    "malformed_chunk": _malformed_chunk,
    "garbage": _garbage,
}

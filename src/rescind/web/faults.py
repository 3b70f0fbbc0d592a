"""Faults as they look on the wire: each writes to, or breaks, the transport of a connection."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Fault = Callable[[asyncio.Transport, bytes, bytes, float], None]

_PIECES = 20
_NO_HTTP = bytes(range(256)) + b"this is no HTTP\r\n\r\n"


def connection_reset(transport: asyncio.Transport, head: bytes, body: bytes, delay: float) -> None:  # noqa: ARG001 - all faults have one form
    """The client sees RST."""
    descriptor = os.dup(transport.get_extra_info("socket").fileno())
    with socket.socket(fileno=descriptor) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def empty_reply(transport: asyncio.Transport, head: bytes, body: bytes, delay: float) -> None:  # noqa: ARG001
    """The connection is closed with no byte."""
    transport.close()


def truncated_body(transport: asyncio.Transport, head: bytes, body: bytes, delay: float) -> None:  # noqa: ARG001
    """Fewer bytes than Content-Length, then the end. A reply without a body loses half of its head."""
    transport.write(head + body[: len(body) // 2] if body else head[: len(head) // 2])
    transport.close()


def malformed_chunk(transport: asyncio.Transport, head: bytes, body: bytes, delay: float) -> None:  # noqa: ARG001
    """A chunk, then one whose size is no number."""
    lines = head.split(b"\r\n")
    kept = [line for line in lines if line and not line.lower().startswith(b"content-length:")]
    chunk = body or b"x"
    chunked = b"\r\n".join([*kept, b"Transfer-Encoding: chunked", b"", b""])
    transport.write(chunked + b"%x\r\n%b\r\nno size\r\n" % (len(chunk), chunk))
    transport.close()


def garbage(transport: asyncio.Transport, head: bytes, body: bytes, delay: float) -> None:  # noqa: ARG001
    """Bytes that are no HTTP."""
    transport.write(_NO_HTTP)
    transport.close()


def slow_body(transport: asyncio.Transport, head: bytes, body: bytes, delay: float) -> None:
    """The head at once, the body in pieces over the delay. A reply without a body has its head dribbled."""
    if body:
        transport.write(head)
    slow = body or head
    size = max(1, -(-len(slow) // _PIECES))
    pieces = [slow[start : start + size] for start in range(0, len(slow), size)]
    loop = asyncio.get_running_loop()
    for index, piece in enumerate(pieces, 1):
        loop.call_later(delay * index / len(pieces), _write_if_open, transport, piece)


def _write_if_open(transport: asyncio.Transport, piece: bytes) -> None:
    if not transport.is_closing():
        transport.write(piece)


STRIKES: dict[str, Fault] = {
    "connection_reset": connection_reset,
    "empty_reply": empty_reply,
    "reply_lost": empty_reply,
    "hang": empty_reply,  # once the hang is over
    "truncated_body": truncated_body,
    "malformed_chunk": malformed_chunk,
    "garbage": garbage,
    "slow_body": slow_body,
}
"""What each fault does to the connection. All but ``slow_body`` end it."""

"""Writing a delivery to the transport of a connection: whole, slowly, or broken by a fault."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

from rescind.control.forms import FORMS
from rescind.server.wire_faults import (
    CHUNKED_BODY,
    SLOW_BODY,
    SLOW_BODY_SECONDS,
    break_of,
    chunked,
    pieces,
    prepare_reset,
)

if TYPE_CHECKING:
    from rescind.model import Delivery


def write(transport: asyncio.Transport, delivery: Delivery, head: bytes, body: bytes) -> float:
    """Write the reply, or what a fault leaves of it. Returns the seconds until all of it is written."""
    if delivery.fault is None or delivery.fault in FORMS:
        transport.write(head + body)
        return 0
    if delivery.fault == CHUNKED_BODY:
        transport.write(chunked(head, body))
        return 0
    if delivery.fault == SLOW_BODY:
        return _write_slowly(transport, head, body, delivery.delay_ms / 1000 or SLOW_BODY_SECONDS)
    broken = break_of(delivery.fault, head, body)
    if broken.is_reset:
        _reset(transport)
    else:
        transport.write(broken.sent)
        transport.close()
    return 0


def _reset(transport: asyncio.Transport) -> None:
    descriptor = os.dup(transport.get_extra_info("socket").fileno())
    with socket.socket(fileno=descriptor) as same:
        prepare_reset(same)
    transport.abort()


def _write_slowly(transport: asyncio.Transport, head: bytes, body: bytes, seconds: float) -> float:
    first, rest = pieces(head, body)
    transport.write(first)
    loop = asyncio.get_running_loop()
    for index, piece in enumerate(rest, 1):
        loop.call_later(seconds * index / len(rest), _write_if_open, transport, piece)
    return seconds


def _write_if_open(transport: asyncio.Transport, piece: bytes) -> None:
    if not transport.is_closing():
        transport.write(piece)

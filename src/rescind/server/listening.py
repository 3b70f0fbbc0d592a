"""Opening the port."""

from __future__ import annotations

import errno
import os
import socket
from itertools import chain
from typing import TYPE_CHECKING

from rescind.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKLOG = 1024
"""How many connections may wait to be accepted."""


def listen(host: str, port: int, shares: int = 1) -> list[list[socket.socket]]:
    """For each share, sockets that listen on every address of the host; the system spreads connections over the shares.

    Raises SettingsError if the address cannot be had.
    """
    listeners: list[list[socket.socket]] = [[] for _ in range(shares)]
    try:
        plain = host.encode() if host.isascii() else host  # only a name that is not ASCII needs the codec for names
        if shares > 1 and port:
            socket.create_server((host, port)).close()  # the port may be shared, but not with somebody else's server
        for family, *_, address in socket.getaddrinfo(plain, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
            for share in listeners:
                chosen = listeners[0][0].getsockname()[1] if listeners[0] else address[1]
                place = (address[0], chosen)
                share.append(socket.create_server(place, family=family, backlog=BACKLOG, reuse_port=shares > 1))
    except OSError as error:
        for listener in chain.from_iterable(listeners):
            listener.close()
        reason = os.strerror(error.errno) if error.errno in errno.errorcode and error.errno else str(error)
        remedy = "choose another --port, or 0 for a free one" if error.errno == errno.EADDRINUSE else "check --host"
        raise SettingsError(f"cannot listen on {host}:{port}: {reason}; {remedy}") from None
    return listeners


def base_url(host: str, listeners: Sequence[socket.socket]) -> str:
    """Return the base URL of a server that listens on the sockets."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listeners[0].getsockname()[1]}"

"""The head of a reply as bytes."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from rescind.model import SECOND, reason_phrase

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.model import Reply

BODILESS = frozenset({204, 304})
_STATUS_LINES = {status: f"HTTP/1.1 {status} {reason_phrase(status)}\r\n" for status in range(100, 600)}


class _Date:
    """The ``Date`` header, formatted once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._line = ""

    def __call__(self, system: Callable[[], int]) -> str:
        second = system() // SECOND
        if second != self._second:
            self._second, self._line = second, f"Date: {formatdate(second, usegmt=True)}\r\n"
        return self._line


_date = _Date()


def write_head(
    reply: Reply, system: Callable[[], int], *, keep_alive: bool, http_1_0: bool, is_streamed: bool = False
) -> bytes:
    """Format the status line and the headers, with those of the connection. ``system`` is the real clock.

    A body that ``is_streamed`` comes in chunks; HTTP/1.0 has none, there the end of the connection ends it.
    """
    lines = [_STATUS_LINES[reply.status], "Server: rescind\r\n", _date(system)]
    lines += [f"{name}: {value}\r\n" for name, value in reply.headers]
    if is_streamed:
        lines += [] if http_1_0 else ["Transfer-Encoding: chunked\r\n"]
    elif reply.status not in BODILESS and not _has_length(reply):
        lines.append(f"Content-Length: {len(reply.body)}\r\n")
    if not keep_alive:
        lines.append("Connection: close\r\n")
    elif http_1_0:
        lines.append("Connection: keep-alive\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("latin-1", "replace")


def _has_length(reply: Reply) -> bool:
    """Return whether the reply has the length of a body that it does not carry, as one to HEAD does."""
    return not reply.body and any(name.lower() == "content-length" for name, _ in reply.headers)

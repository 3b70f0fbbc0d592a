"""A body that is made while it is sent: the next piece once the client has taken the one before."""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from rescind.model import Reply

    Run = Callable[[Callable[[], None]], object]

_log = logging.getLogger("rescind")


class Streamed(NamedTuple):
    """A reply whose body comes in pieces, and whose length nobody knows before."""

    reply: Reply
    pieces: Pieces


class Pieces:
    """The pieces of a body. ``run`` runs their making in a thread; no two are made at once."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], object], run: Run) -> None:
        self._pieces = filter(None, pieces)
        self._close = close
        self._run = run
        self._lock = Lock()

    def make(self, deliver: Callable[[bytes | None], None]) -> None:
        """Make the next piece, and ``deliver`` it from the thread: an empty one is the end, None is a failure."""
        self._run(lambda: deliver(self._next()))

    def close(self) -> None:
        """Free what the application holds for the body."""
        self._run(self._end)

    def _next(self) -> bytes | None:
        with self._lock:
            try:
                return next(self._pieces, b"")
            except Exception:  # noqa: BLE001 - whatever the application raises; it is logged
                _log.exception("a reply ends early: its body cannot be made")
                return None

    def _end(self) -> None:
        with self._lock:
            self._close()


class Stream:
    """Writes one body, in chunks (RFC 9112, section 7.1) unless the end of the connection is its end.

    ``done`` is called once all is written, with False if the body could not be made to its end.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        pieces: Pieces,
        done: Callable[[bool], None],
        *,
        is_chunked: bool,
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces = pieces
        self._done = done
        self._is_chunked = is_chunked
        self._is_making = self._is_paused = False

    def pause(self) -> None:
        """Make no more pieces while the client does not take those that there are."""
        self._is_paused = True

    def resume(self) -> None:
        """Write the next piece as soon as it is made."""
        self._is_paused = False
        if not self._is_making:
            self._is_making = True
            self._pieces.make(self._write_from_thread)

    def close(self) -> None:
        """Free what the application holds."""
        self._pieces.close()

    def _write_from_thread(self, piece: bytes | None) -> None:
        with suppress(RuntimeError):  # the server has stopped meanwhile
            self._loop.call_soon_threadsafe(self._write, piece)

    def _write(self, piece: bytes | None) -> None:
        self._is_making = False
        if self._transport.is_closing():
            return
        if piece:
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._is_chunked else piece)
            if not self._is_paused:
                self.resume()
        else:
            if piece is not None and self._is_chunked:
                self._transport.write(b"0\r\n\r\n")
            self._done(piece is not None)

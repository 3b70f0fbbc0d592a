"""A connection over asyncio: the reader parses, the dispatch answers, and every byte that leaves is ours to choose.

Rescind writes its own replies because breaking them on purpose is what it exists for: a server that guards the wire for
its application cannot reset, truncate or garble it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from rescind.errors import Problem
from rescind.server.delivery import write
from rescind.server.head import MAX_HEAD, invalid
from rescind.server.reader import BadRequest, Message, Reader
from rescind.server.streaming import Stream, Streamed
from rescind.server.wire import BODILESS, write_head
from rescind.server.wire_faults import CHUNKED_BODY, SLOW_BODY

if TYPE_CHECKING:
    from rescind.model import Delivery, Request
    from rescind.server.dispatch import Dispatch

LINGER_SECONDS = 2
"""How long a client that was refused may go on sending before the connection is closed."""

_MAX_WAITING = MAX_HEAD
"""The bytes that a client may send ahead while a request of its own is answered; the rest stays with the system."""


class Connection(asyncio.Protocol):
    """One connection of a client. Requests are answered one after the other, in the order in which they come."""

    def __init__(self, dispatch: Dispatch, connections: set[Connection]) -> None:
        self._dispatch = dispatch
        self._settings = dispatch.service.settings
        self.closed = asyncio.Event()
        self._connections = connections
        self._transport: asyncio.Transport
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(self._settings.max_body)
        self._is_busy = self._is_full = self._is_paused = self._is_hanging = False
        self._has_ended = self._is_refused = self._is_ending = False
        self._began: float | None = None
        self._stream: Stream | None = None
        self._untaken = 0
        self._late: tuple[Request, int] | None = None
        """The request whose late reply has not been written yet, and its journal entry."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport and the address of the client."""
        self._transport = cast("asyncio.Transport", transport)
        self._peer = (transport.get_extra_info("peername") or [""])[0]
        self._connections.add(self)
        self.used = self._loop.time()
        most = self._settings.max_connections
        if len(self._connections) > most:
            detail = f"there are {most} connections already"
            remedy = "close some, or start with a larger --max-connections"
            self._refuse(BadRequest(self._reader.begun(), Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, remedy)))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self._connections.discard(self)
        self.closed.set()
        self._abandon()
        if self._stream:
            self._stream.close()

    def eof_received(self) -> bool:
        """Answer what has come before the client ended its side; one that hangs is given up with it."""
        self._has_ended = True
        if self._is_busy:
            self._abandon()
            return not self._is_hanging
        self._loop.call_soon(self._answer_next)
        return self._reader.is_within_request

    def pause_writing(self) -> None:
        """Answer no more requests while the client does not take its replies."""
        self._is_full = True
        if self._stream:
            self._stream.pause()

    def resume_writing(self) -> None:
        """Go on answering."""
        self._is_full = False
        if self._stream:
            self._stream.resume()
        else:
            self._answer_next()

    def data_received(self, data: bytes) -> None:
        """Answer the request that is complete with this, unless the replies to those before it are still under way."""
        if self._is_refused:
            return
        self._reader.feed(data)
        if self._reader.waiting_bytes > _MAX_WAITING and not self._is_paused:
            self._transport.pause_reading()  # until a request turns out to need more
            self._is_paused = True
        self._answer_next()

    def close_if_late(self, now: float) -> None:
        """Close the connection if nothing happens on it; refuse a request that takes too long to come."""
        untaken = self._transport.get_write_buffer_size()
        if untaken:
            self._abort_if_stuck(now, untaken)
        elif self._is_busy or self._is_refused:
            return
        elif self._began is not None:
            if now - self._began > self._settings.request_seconds:
                detail = f"the request was not complete after {self._settings.request_seconds} seconds"
                problem = Problem(
                    HTTPStatus.REQUEST_TIMEOUT, detail, "send faster, or start with larger --request-seconds"
                )
                self._refuse(BadRequest(self._reader.begun(), problem))
        elif now - self.used > self._settings.idle_seconds:
            self.end()

    def _abort_if_stuck(self, now: float, untaken: int) -> None:
        """Abort the connection if its client takes nothing of what it was sent."""
        if untaken != self._untaken:
            self._untaken, self.used = untaken, now
        elif now - self.used > self._settings.idle_seconds:
            self._transport.abort()

    def end(self) -> None:
        """Close as soon as the reply that is under way is out; asked twice, or with a client that hangs, at once."""
        if self._is_ending:
            self._transport.abort()
        self._is_ending = True
        if not self._is_busy or self._is_hanging:
            self._transport.close()

    def _answer_next(self) -> None:
        """Answer the next request that is complete, unless its turn has not come."""
        if self._is_busy or self._is_full or self._is_refused or self._transport.is_closing():
            return
        try:
            message = self._reader.next()
        except BadRequest as refusal:
            self._refuse(refusal)
            return
        if message is None:
            self._await_more()
            return
        self._is_busy = True
        self._began = None
        self.used = self._loop.time()
        delivery = self._dispatch.handle(message.request, self._peer, partial(self._deliver_from_thread, message))
        if delivery is not None:
            self._deliver_in_time(message, delivery)

    def _abandon(self) -> None:
        """Note that the client left before a late reply was written."""
        late, self._late = self._late, None
        if late:
            self._dispatch.abandon(*late)

    def _await_more(self) -> None:
        """Let the rest of the request come, if the client is still there to send it."""
        if self._has_ended:
            self._end_early()
            return
        if self._began is None and self._reader.is_within_request:
            self._began = self._loop.time()
        if self._is_paused:
            self._transport.resume_reading()
            self._is_paused = False
        if self._reader.take_continue():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _end_early(self) -> None:
        """Close; a request that will never be complete is refused before."""
        if self._reader.is_within_request:
            problem = invalid("the connection ended within a request", "send all of it, and as many bytes as announced")
            self._refuse(BadRequest(self._reader.begun(), problem))
        else:
            self._transport.close()

    def _refuse(self, refusal: BadRequest) -> None:
        """Answer with a problem, and read no more."""
        self._is_refused = self._is_busy = True
        message = Message(refusal.request, keep_alive=False)
        deliver = partial(self._deliver_from_thread, message)
        delivery = self._dispatch.refuse(refusal.request, refusal.problem, deliver)
        if delivery is not None:
            self._deliver(message, delivery)

    def _deliver_from_thread(self, message: Message, delivery: Delivery | Streamed) -> None:
        with suppress(RuntimeError):  # the server has stopped meanwhile
            if isinstance(delivery, Streamed):
                self._loop.call_soon_threadsafe(self._stream_body, message, delivery)
            else:
                self._loop.call_soon_threadsafe(self._deliver_in_time, message, delivery)

    def _deliver_in_time(self, message: Message, delivery: Delivery) -> None:
        """Deliver, after the delay if there is one; a slow body begins at once."""
        self._is_hanging = delivery.fault == "hang"
        self._late = (message.request, delivery.entry) if delivery.entry else None
        if delivery.delay_ms and delivery.fault != SLOW_BODY:
            self._loop.call_later(delivery.delay_ms / 1000, self._deliver, message, delivery)
        else:
            self._deliver(message, delivery)

    def _deliver(self, message: Message, delivery: Delivery) -> None:
        if self._transport.is_closing():
            return
        if delivery.fault != SLOW_BODY:
            self._late = None
        keep_alive, reply = message.keep_alive and not self._is_ending, delivery.reply
        head = body = b""
        if reply is not None:
            system = self._dispatch.service.engine.clock.system
            head = write_head(reply, system, keep_alive=keep_alive, http_1_0=message.http_1_0)
            if message.http_1_0 and delivery.fault == CHUNKED_BODY:
                delivery = delivery._replace(fault=None)  # HTTP/1.0 has no chunks
            body = b"" if message.is_head or reply.status in BODILESS else reply.body
        seconds = write(self._transport, delivery, head, body)
        if seconds:
            self._loop.call_later(seconds, self._delivered, keep_alive)
        else:
            self._delivered(keep_alive)

    def _stream_body(self, message: Message, streamed: Streamed) -> None:
        """Write the head, and then each piece of the body as the client takes it."""
        if self._transport.is_closing():
            streamed.pieces.close()
            return
        http_1_0 = message.http_1_0
        keep_alive = message.keep_alive and not (self._is_ending or http_1_0)
        system = self._dispatch.service.engine.clock.system
        done = partial(self._streamed, keep_alive)
        self._stream = Stream(self._transport, self._loop, streamed.pieces, done, is_chunked=not http_1_0)
        self._transport.write(
            write_head(streamed.reply, system, keep_alive=keep_alive, http_1_0=http_1_0, is_streamed=True)
        )
        if message.is_head:
            self._streamed(keep_alive, is_whole=True)
        elif not self._is_full:
            self._stream.resume()

    def _streamed(self, keep_alive: bool, is_whole: bool) -> None:  # noqa: FBT001 - called through partial
        if self._stream:
            self._stream.close()
            self._stream = None
        if is_whole:
            self._delivered(keep_alive)
        else:
            self._transport.abort()

    def _delivered(self, keep_alive: bool) -> None:  # noqa: FBT001 - call_later passes no names
        self._is_busy = False
        if self._transport.is_closing():
            return
        self._late = None
        if self._is_refused:
            # A client that is still sending would be reset, and lose the reply, if its bytes were not taken.
            self._transport.write_eof()
            self._loop.call_later(LINGER_SECONDS, self._transport.close)
        elif not keep_alive or self._is_ending:
            self._transport.close()
        elif self._reader.is_within_request:
            self._loop.call_soon(self._answer_next)  # other connections have their turn in between
        else:
            self._await_more()

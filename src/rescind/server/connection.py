"""HTTP/1.1 over asyncio: httptools parses, the dispatch answers, and every byte that leaves is ours to choose.

Rescind writes its own replies because breaking them on purpose is what it exists for: a server that guards the wire for
its application cannot reset, truncate or garble it.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import httptools

from rescind.errors import Problem, too_large_problem
from rescind.model import Request
from rescind.server.delivery import write
from rescind.server.hosts import is_host
from rescind.server.waiting import BadRequest, Waiting
from rescind.server.wire import BODILESS, write_head
from rescind.server.wire_faults import SLOW_BODY

if TYPE_CHECKING:
    from rescind.model import Delivery
    from rescind.server.dispatch import Dispatch

MAX_HEAD = 64 * 1024
"""The bytes that a request line and its headers may have."""

LINGER_SECONDS = 2
"""How long a client that was refused may go on sending before the connection is closed."""

_MAX_WAITING = 16
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/]*)(/.*)?", re.DOTALL)


class Connection(asyncio.Protocol):
    """One connection of a client. Requests are answered one after the other, in the order in which they come."""

    def __init__(self, dispatch: Dispatch, connections: set[Connection]) -> None:
        self._dispatch = dispatch
        settings = dispatch.service.settings
        self._max_body, self._max_connections = settings.max_body, settings.max_connections
        self.closed = asyncio.Event()
        self._connections = connections
        self._transport: asyncio.Transport
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Waiting] = deque()
        self.busy = False
        self._is_full = self._is_paused = self._is_hanging = self._refused = self._ending = False
        self._has_ended = False
        self._is_first = self._owes_continue = False
        self._head_size = 0
        self._complete = False
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport and the address of the client."""
        self._transport = cast("asyncio.Transport", transport)
        self._peer = (transport.get_extra_info("peername") or [""])[0]
        self._connections.add(self)
        self.used = self._loop.time()
        if len(self._connections) > self._max_connections:
            detail = f"there are {self._max_connections} connections already"
            remedy = "close some, or start with a larger --max-connections"
            self._refuse(Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, remedy))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self._connections.discard(self)
        self._waiting.clear()
        del self._parser  # it holds this connection as the connection holds it
        self.closed.set()

    def eof_received(self) -> bool:
        """Answer what has come before the client ended its side; one that hangs is given up with it."""
        self._has_ended = True
        return not self._is_hanging and (self.busy or bool(self._waiting))

    def pause_writing(self) -> None:
        """Answer no more requests while the client does not take its replies."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on answering."""
        self._is_full = False
        self._answer_next()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the ``on_`` methods."""
        self._is_first = True
        while data and not self._refused:
            data = self._feed(data)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_size = self._fields_size = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """Keep a part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; join the values of a repeated one. Trailers are not merged (RFC 9110, section 6.5.1)."""
        if not self._in_head:
            return
        self._fields_size += len(name) + len(value)
        if self._fields_size + len(self._url) > MAX_HEAD:
            self._refuse_head()
            return
        key, text = name.decode("latin-1").lower(), value.strip(b" \t").decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """Check the head; the body begins."""
        if self._parser.should_upgrade():
            return  # the head comes again, without the upgrade
        self._in_head = False
        host = self._headers.get("host", "localhost" if self._parser.get_http_version() == "1.0" else "")
        if not is_host(host):
            detail = f"the Host header is {host or 'missing'}"
            self._refuse(Problem(HTTPStatus.BAD_REQUEST, detail, "send one Host: NAME or NAME:PORT"))
        length = self._headers.get("content-length", "0")
        if length.isdigit() and int(length[:20]) > self._max_body:
            self._refuse(too_large_problem(self._max_body))
        elif self._headers.get("expect", "").lower() == "100-continue":
            self._owes_continue = self._parser.get_http_version() != "1.0"
            self._continue()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._body_size += len(body)
        if self._body_size > self._max_body:
            self._refuse(too_large_problem(self._max_body))
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Queue the request, which is complete."""
        self._complete = True
        self._owes_continue = False
        if self._refused or self._parser.should_upgrade():
            return
        keep_alive = self._parser.should_keep_alive()
        self._enqueue(Waiting(self._request(), keep_alive, self._parser.get_http_version() == "1.0"))

    def end(self) -> None:
        """Close as soon as the reply that is under way is out; asked twice, or with a client that hangs, at once."""
        if self._ending:
            self._transport.abort()
        self._ending = True
        if not self.busy or self._is_hanging:
            self._transport.close()

    def _feed(self, data: bytes) -> bytes:
        """Feed the parser, and give what it leaves: what comes after a head that offers an upgrade."""
        self._complete = False
        rest = b""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            self._decline_upgrade()
        except httptools.HttpParserError as error:
            detail = f"invalid HTTP/1.1: {error}"
            self._refuse(Problem(HTTPStatus.BAD_REQUEST, detail, "send a request by RFC 9112"))
        self._head_size = self._head_size + len(data) if self._in_head and not self._complete else 0
        if self._head_size > MAX_HEAD:
            self._refuse_head()
        return rest

    def _decline_upgrade(self) -> None:
        """No upgrade is offered: the request is read as if it had asked for none (RFC 9110, section 7.8).

        The parser has stopped before the body, so a new one is given the head again.
        """
        method, headers = self._parser.get_method(), self._headers
        closes = "close" in headers.get("connection", "").lower()
        if method == b"CONNECT":
            self._enqueue(Waiting(self._request(), keep_alive=False, http_1_0=False))
            self._refused = True
            return
        kept = {name: value for name, value in headers.items() if name not in {"upgrade", "connection"}}
        kept |= {"connection": "close"} if closes else {}
        lines = [f"{name}: {value}\r\n".encode("latin-1") for name, value in kept.items()]
        url = self._url
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"".join([method, b" ", url, b" HTTP/1.1\r\n", *lines, b"\r\n"]))

    def _request(self) -> Request:
        """Return the request as far as it was read."""
        method = self._parser.get_method().decode() if self._url else ""
        path, _, query = self._url.decode("latin-1").partition("?")
        host = self._headers.get("host", "localhost")
        if not path.startswith("/"):
            absolute = _ABSOLUTE.fullmatch(path)
            if absolute:  # its authority goes before the Host header (RFC 9112, section 3.2.2)
                host, path = absolute[1], absolute[2] or "/"
            path = path if path.startswith("/") else f"/{path}"
        return Request(method, path, query, self._headers, b"".join(self._body), f"http://{host}")

    def _enqueue(self, waiting: Waiting) -> None:
        self._waiting.append(waiting)
        if len(self._waiting) > _MAX_WAITING:
            self._transport.pause_reading()
            self._is_paused = True
        if self.busy or len(self._waiting) > 1:
            return
        if self._is_first:
            self._is_first = False
            self._answer_next()
        else:
            self._loop.call_soon(self._answer_next)  # other connections have their turn in between

    def _continue(self) -> None:
        """Ask for the body that a client announced, once the replies before it are out."""
        if self._owes_continue and not self._refused and not self.busy and not self._waiting:
            self._owes_continue = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse_head(self) -> None:
        detail = f"the request line and headers have more than {MAX_HEAD} bytes"
        remedy = "send fewer or shorter headers"
        self._refuse(Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail, remedy))

    def _refuse(self, problem: Problem) -> None:
        """Answer with a problem, after the requests that came before, and read no more."""
        if self._refused:
            return
        self._refused = True
        refusal = BadRequest(self._request(), problem)
        self._enqueue(Waiting(refusal, keep_alive=False, http_1_0=False))

    def _answer_next(self) -> None:
        if self.busy or self._is_full or not self._waiting or self._transport.is_closing():
            return
        self.busy = True
        self.used = self._loop.time()
        waiting = self._waiting.popleft()
        if isinstance(waiting.request, BadRequest):
            self._deliver(waiting, self._dispatch.refuse(*waiting.request))
            return
        delivery = self._dispatch.handle(waiting.request, self._peer, partial(self._deliver_from_thread, waiting))
        if delivery is not None:
            self._deliver_in_time(waiting, delivery)

    def _deliver_from_thread(self, waiting: Waiting, delivery: Delivery) -> None:
        with suppress(RuntimeError):  # the server has stopped meanwhile
            self._loop.call_soon_threadsafe(self._deliver_in_time, waiting, delivery)

    def _deliver_in_time(self, waiting: Waiting, delivery: Delivery) -> None:
        """Deliver, after the delay if there is one; a slow body begins at once."""
        self._is_hanging = delivery.fault == "hang"
        if delivery.delay_ms and delivery.fault != SLOW_BODY:
            self._loop.call_later(delivery.delay_ms / 1000, self._deliver, waiting, delivery)
        else:
            self._deliver(waiting, delivery)

    def _deliver(self, waiting: Waiting, delivery: Delivery) -> None:
        if self._transport.is_closing():
            return
        keep_alive, reply = waiting.keep_alive and not self._ending, delivery.reply
        head = body = b""
        if reply is not None:
            system = self._dispatch.service.engine.clock.system
            head = write_head(reply, system, keep_alive=keep_alive, http_1_0=waiting.http_1_0)
            body = b"" if waiting.is_head or reply.status in BODILESS else reply.body
        seconds = write(self._transport, delivery, head, body)
        if seconds:
            self._loop.call_later(seconds, self._delivered, keep_alive)
        else:
            self._delivered(keep_alive)

    def _delivered(self, keep_alive: bool) -> None:  # noqa: FBT001 - call_later passes no names
        self.busy = False
        if self._refused and not self._waiting and not self._transport.is_closing():
            # A client that is still sending would be reset, and lose the reply, if its bytes were not taken.
            self._transport.write_eof()
            self._loop.call_later(LINGER_SECONDS, self._transport.close)
        elif not keep_alive or self._ending or (self._has_ended and not self._waiting):
            self._transport.close()
        elif self._waiting:
            self._loop.call_soon(self._answer_next)
        else:
            if self._is_paused:
                self._transport.resume_reading()
                self._is_paused = False
            self._continue()

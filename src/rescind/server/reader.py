"""Reading requests from the bytes of a connection, whatever pieces they come in (RFC 9112)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from rescind.errors import Problem
from rescind.server.block import Block
from rescind.server.body import body_of
from rescind.server.head import MAX_HEAD, begun_request, parse_head

if TYPE_CHECKING:
    from rescind.model import Request
    from rescind.server.body import Body
    from rescind.server.head import Head


class Message(NamedTuple):
    """A request, and what it says of its connection."""

    request: Request
    keep_alive: bool
    http_1_0: bool = False

    @property
    def is_head(self) -> bool:
        """Whether the reply must not have a body, whatever its headers say (RFC 9110, section 9.3.2)."""
        return self.request.method == "HEAD"


class BadRequest(Exception):  # noqa: N818 - the name of the status
    """Bytes that are not a valid request: as much of it as could be read, and the problem."""

    def __init__(self, request: Request, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.request = request
        self.problem = problem


class Reader:
    """Keeps the bytes that have come, and parses one request of them at a time."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._buffer = bytearray()
        self._begin()

    def _begin(self) -> None:
        self._may_skip_line = True
        self._block = Block("request line and headers", HTTPStatus.REQUEST_URI_TOO_LONG)
        self._lines = ""
        self._head: Head | None = None
        self._body: Body | None = None
        self._owes_continue = False

    @property
    def waiting_bytes(self) -> int:
        """How many bytes have come that no request was made of yet."""
        return len(self._buffer)

    @property
    def is_within_request(self) -> bool:
        """Whether a part of a request has come."""
        return self._head is not None or bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes that have come."""
        self._buffer += data

    def next(self) -> Message | None:
        """Return the next request, or None until all of it has come. Raises BadRequest for what can never be one."""
        try:
            return self._next()
        except Problem as problem:
            raise BadRequest(self.begun(), problem) from None

    def begun(self) -> Request:
        """Return as much of a request as was read."""
        if self._head:
            return self._head.request
        return begun_request(self._lines or self._buffer[:MAX_HEAD].decode("latin-1"))

    def take_continue(self) -> bool:
        """Return, once for a request, whether its client waits for ``100 Continue``."""
        owes, self._owes_continue = self._owes_continue and not self._buffer, False
        return owes

    def _next(self) -> Message | None:
        head = self._head or self._take_head()
        if head is None:
            return None
        request = head.request
        if self._body is not None:
            content = self._body.take(self._buffer)
            if content is None:
                return None
            request = request._replace(body=content)
        self._begin()
        return Message(request, head.keeps_alive, head.minor == 0)

    def _take_head(self) -> Head | None:
        if self._may_skip_line and self._buffer[:1] == b"\r":
            # One empty line before a request is ignored (section 2.2): old clients send one after a body.
            if len(self._buffer) == 1:
                return None
            self._may_skip_line = False
            if self._buffer[1:2] == b"\n":
                del self._buffer[:2]
        lines = self._block.take(self._buffer)
        if lines is None:
            return None
        self._lines = lines
        self._head = head = parse_head(lines)
        self._body = body_of(head, self._max_body)
        self._owes_continue = self._body is not None and head.expects_continue
        return head

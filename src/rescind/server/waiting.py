"""What waits for its turn on a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rescind.model import Request

if TYPE_CHECKING:
    from rescind.errors import Problem


class BadRequest(NamedTuple):
    """What was read of a request that cannot be answered, and the problem that ends its connection."""

    request: Request
    problem: Problem


class Waiting(NamedTuple):
    """A request, or a refusal, whose turn has not come; and whether the connection stays open after it."""

    request: Request | BadRequest
    keep_alive: bool
    http_1_0: bool

    @property
    def is_head(self) -> bool:
        """Whether the reply must not have a body, whatever its headers say (RFC 9110, section 9.3.2)."""
        return isinstance(self.request, Request) and self.request.method == "HEAD"

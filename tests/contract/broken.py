"""A server that breaks its contract in one way, to show that the fuzzing finds it: ``python broken.py VARIANT``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rescind.assembly import Service
from rescind.control.clock import Clock
from rescind.documents import shipped
from rescind.engine import Engine
from rescind.model import Delivery, Reply, Request
from rescind.rules.loading import load_vendors
from rescind.server.serving import SocketServer
from rescind.server.upkeep import Upkeep
from rescind.settings import Settings
from rescind.store.memory import MemoryStore
from rescind.web import flask_loader

if TYPE_CHECKING:
    from collections.abc import Callable


def undocumented_status(request: Request, reply: Reply) -> Reply:
    """A 418 where the page says 404."""
    return reply._replace(status=418) if reply.status == 404 and "orders" in request.path else reply


def broken_schema(request: Request, reply: Reply) -> Reply:
    """A body that lacks what its schema requires."""
    return reply._replace(body=b'{"oops": 1}') if reply.status == 404 and "orders" in request.path else reply


def missing_header(request: Request, reply: Reply) -> Reply:
    """No x-ratelimit-reset."""
    kept = tuple(header for header in reply.headers if header[0] != "x-ratelimit-reset")
    return reply._replace(headers=kept) if request.path == "/v2/orders" else reply


def missing_allow(request: Request, reply: Reply) -> Reply:  # noqa: ARG001 - every variant has the same form
    """A 405 that does not say what is allowed."""
    return reply._replace(headers=tuple(header for header in reply.headers if header[0] != "Allow"))


class BrokenEngine(Engine):
    """An engine whose replies pass through a variant."""

    def __init__(self, variant: str) -> None:
        super().__init__(load_vendors([shipped.SPEC_DIR], [shipped.FIXTURE_DIR]), MemoryStore(), Clock())
        self._change: Callable[[Request, Reply], Reply] | None = globals().get(variant)
        self._ignores_authentication = variant == "ignored_authentication"
        self._forgets_deletions = variant == "forgotten_deletions"
        self._goes_by_the_query = variant == "deletions_by_query"
        self._queries: set[str] = set()

    def answer(self, sandbox: str, request: Request) -> Delivery:
        if self._ignores_authentication:
            request = request._replace(headers={**request.headers, "authorization": "Bearer ada-token"})
        if self._goes_by_the_query and request.method == "DELETE" and request.query not in self._queries:
            self._queries.add(request.query)
            self.store.reset(sandbox, self.clock.system())
        delivery = super().answer(sandbox, request)
        if self._forgets_deletions and request.method == "DELETE":
            self.store.reset(sandbox, self.clock.system())
        if self._change is None or delivery.reply is None:
            return delivery
        return delivery._replace(reply=self._change(request, delivery.reply))


if __name__ == "__main__":
    service = Service(Settings(port=0), lambda: BrokenEngine(sys.argv[1]))
    server = SocketServer(service, flask_loader(service), Upkeep())
    server.serve(lambda url: print(f"Rescind ready on {url}", flush=True))

"""A server that breaks its contract in one way, to show that the fuzzing finds it: ``python broken.py VARIANT``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rescind import data
from rescind.control.clock import Clock
from rescind.engine import Engine
from rescind.model import Reply, Request
from rescind.settings import ServeSettings
from rescind.store.memory import MemoryStore
from rescind.vendors import load_vendors
from rescind.web.serving import serve
from rescind.web.site import Site

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


class BrokenSite(Site):
    """A site whose replies pass through a variant."""

    def __init__(self, engine: Engine, variant: str) -> None:
        super().__init__(engine)
        self._change: Callable[[Request, Reply], Reply] | None = globals().get(variant)
        self._ignores_authentication = variant == "ignored_authentication"
        self._forgets_deletions = variant == "forgotten_deletions"
        self._goes_by_the_query = variant == "deletions_by_query"
        self._queries: set[str] = set()

    def handle(self, request: Request) -> Reply:
        path = "/" + request.path.split("/", 2)[2] if request.path.startswith("/~") else request.path
        if self._ignores_authentication:
            request = request._replace(headers={**request.headers, "authorization": "Bearer ada-token"})
        if self._goes_by_the_query and request.method == "DELETE" and request.query not in self._queries:
            self._queries.add(request.query)
            self._reset(request)
        reply = super().handle(request)
        if self._forgets_deletions and request.method == "DELETE":
            self._reset(request)
        return self._change(request._replace(path=path), reply) if self._change else reply

    def _reset(self, request: Request) -> None:
        path = request.path[: request.path.index("/", 1)] if request.path.startswith("/~") else ""
        super().handle(request._replace(method="POST", path=f"{path}/_rescind/reset", query="", body=b""))


if __name__ == "__main__":
    vendors = load_vendors([data.SPEC_DIR], [data.FIXTURE_DIR])
    site = BrokenSite(Engine(vendors, MemoryStore(), Clock()), sys.argv[1])
    serve(site, ServeSettings(port=0), lambda url: print(f"Rescind ready on {url}", flush=True))

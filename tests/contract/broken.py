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

    def handle(self, request: Request) -> Reply:
        path = "/" + request.path.split("/", 2)[2] if request.path.startswith("/~") else request.path
        if self._ignores_authentication:
            request = request._replace(headers={**request.headers, "authorization": "Bearer ada-token"})
        reply = super().handle(request)
        return self._change(request._replace(path=path), reply) if self._change else reply


if __name__ == "__main__":
    vendors = load_vendors([data.SPEC_DIR], [data.FIXTURE_DIR])
    site = BrokenSite(Engine(vendors, MemoryStore(), Clock()), sys.argv[1])
    serve(site, ServeSettings(port=0), lambda url: print(f"Rescind ready on {url}", flush=True))

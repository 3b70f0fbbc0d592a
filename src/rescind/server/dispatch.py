"""Which door a request takes: a vendor's call goes to the engine, a call of the control API to the Flask app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rescind.control.sandboxes import SANDBOX_HEADER, locate
from rescind.errors import Problem
from rescind.store import DEFAULT_SANDBOX

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.assembly import Service
    from rescind.model import Delivery, Request
    from rescind.server.wsgi import Application


class Dispatch:
    """Answers requests, each relative to the server's own address; what is decided is decided behind it."""

    def __init__(self, service: Service, application: Application) -> None:
        self.service = service
        self._application = application

    def handle(self, request: Request, peer: str, deliver: Callable[[Delivery], None]) -> Delivery | None:
        """Answer a vendor's call at once. For another call return None, and ``deliver`` later from another thread."""
        engine = self.service.engine
        try:
            address = locate(request.path, request.headers.get(SANDBOX_HEADER))
        except Problem as problem:
            return engine.refuse(DEFAULT_SANDBOX, request, problem)
        if address.is_control:
            self._application.call(request, peer, deliver)
            return None
        if address.prefix:
            request = request._replace(path=address.path, base_url=request.base_url + address.prefix)
        return engine.answer(address.sandbox, request)

    def refuse(self, request: Request, problem: Problem) -> Delivery:
        """Refuse what is not a valid request, and write that into the journal of its sandbox."""
        sandbox = DEFAULT_SANDBOX
        try:
            address = locate(request.path, request.headers.get(SANDBOX_HEADER))
        except Problem:
            pass
        else:
            sandbox = address.sandbox
            request = request._replace(path=address.path, base_url=request.base_url + address.prefix)
        return self.service.engine.refuse(sandbox, request, problem)

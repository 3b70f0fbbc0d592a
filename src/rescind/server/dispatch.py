"""Which door a request takes: a vendor's call goes to the engine, a call of the control API to the Flask app."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.control.sandboxes import SANDBOX_HEADER, locate
from rescind.errors import Problem, StoreError
from rescind.model import Delivery
from rescind.server.batches import Batches
from rescind.store import DEFAULT_SANDBOX

if TYPE_CHECKING:
    from rescind.assembly import Service
    from rescind.control.sandboxes import Address
    from rescind.model import Request
    from rescind.server.wsgi import Application, Deliver


class Dispatch:
    """Answers requests, each relative to the server's own address; what is decided is decided behind it."""

    def __init__(self, service: Service, application: Application) -> None:
        self.service = service
        self._application = application
        self._batches = Batches(service) if service.settings.is_shared else None

    def handle(self, request: Request, peer: str, deliver: Deliver) -> Delivery | None:
        """Answer a vendor's call at once. For one that has to wait return None, and ``deliver`` later from a thread."""
        try:
            address = _locate(request)
        except Problem as problem:
            return self._refuse(DEFAULT_SANDBOX, request, problem, deliver)
        if not address.is_control:
            return self._answer(address.sandbox, _within(request, address), deliver)
        if self._application.is_full:
            detail = "too many calls of the control API wait"
            return Delivery(Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, "try again later").reply())
        self._application.call(request, peer, deliver)
        return None

    def stop(self) -> None:
        """End the threads."""
        self._application.stop()
        if self._batches:
            self._batches.stop()

    def abandon(self, request: Request, entry: int) -> None:
        """Note that the client left before its late reply came."""
        sandbox = _locate(request).sandbox
        if self._batches is None:
            self._note_abandoned(sandbox, entry)
        else:
            self._batches.run(partial(self._note_abandoned, sandbox, entry))

    def _note_abandoned(self, sandbox: str, entry: int) -> None:
        with suppress(StoreError):  # it is a note: nobody waits for it
            self.service.engine.abandon(sandbox, entry)

    def _answer(self, sandbox: str, request: Request, deliver: Deliver) -> Delivery | None:
        if self._batches is None:
            return self.service.engine.answer(sandbox, request)
        self._batches.put(sandbox, request, deliver)
        return None

    def refuse(self, request: Request, problem: Problem, deliver: Deliver) -> Delivery | None:
        """Refuse what is not a valid request, and write that into the journal of its sandbox; as ``handle`` answers."""
        try:
            address = _locate(request)
        except Problem:
            return self._refuse(DEFAULT_SANDBOX, request, problem, deliver)
        return self._refuse(address.sandbox, _within(request, address), problem, deliver)

    def _refuse(self, sandbox: str, request: Request, problem: Problem, deliver: Deliver) -> Delivery | None:
        if self._batches is None:
            return self.service.engine.refuse(sandbox, request, problem)
        self._batches.refuse(sandbox, request, problem, deliver)
        return None


def _locate(request: Request) -> Address:
    return locate(request.path, request.headers.get(SANDBOX_HEADER))


def _within(request: Request, address: Address) -> Request:
    """Return the request relative to the base URL of its sandbox."""
    if not address.prefix:
        return request
    return request._replace(path=address.path, base_url=request.base_url + address.prefix)

"""From an address to an answer: which sandbox is meant, and whether a vendor or the control API is asked."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.control.catalogue import CONTROL
from rescind.errors import RescindError, StoreError
from rescind.problems import Problem
from rescind.settings import ServeSettings
from rescind.store import DEFAULT_SANDBOX
from rescind.web.addresses import locate

if TYPE_CHECKING:
    from rescind.engine import Engine
    from rescind.model import Reply, Request
    from rescind.web.control import Control


class Site:
    """Everything that one server answers. ``engine`` may be replaced while it serves."""

    def __init__(self, engine: Engine, settings: ServeSettings | None = None) -> None:
        self.engine = engine
        self.settings = settings or ServeSettings()

    def handle(self, request: Request) -> Reply:
        """Answer a request; whatever goes wrong becomes an answer too."""
        try:
            sandbox, request = locate(request)
        except Problem as problem:
            return self.refuse(request, problem)
        try:
            return self._answer(sandbox, request)
        except Problem as problem:
            return problem.reply()
        except Exception as error:  # noqa: BLE001 - the last line of defence, for the client and for the operator
            return _failure(request, error).reply()

    @cached_property
    def _control(self) -> Control:
        from rescind.web.control import Control  # noqa: PLC0415 - it need not be there for the first answer

        return Control(self)

    def _answer(self, sandbox: str, request: Request) -> Reply:
        if request.path == CONTROL or request.path.startswith(CONTROL + "/"):
            return self._control.answer(sandbox, request)
        return self.engine.answer(sandbox, request)

    def refuse(self, request: Request, problem: Problem) -> Reply:
        """The answer to what is no request, or to one that no sandbox can have; the journal has it all the same."""
        reply = problem.reply()
        try:
            sandbox, request = locate(request)
        except Problem:
            sandbox = DEFAULT_SANDBOX
        with suppress(StoreError):  # where there is no room for another sandbox, the client gets its answer still
            self.engine.note(sandbox, request, reply)
        return reply


def _failure(request: Request, error: Exception) -> Problem:
    """What the client is told of a failure that is not its own; what nobody foresaw is in the log."""
    if isinstance(error, StoreError):
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, error.problem, error.remedy)
    if isinstance(error, RescindError):
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error), "correct it, or report it if it is ours")
    traceback.print_exception(error, file=sys.stderr)
    last = traceback.extract_tb(error.__traceback__)[-1]
    detail = f"{request.method} {request.path} failed at {last.filename}:{last.lineno}: {type(error).__name__}: {error}"
    remedy = "if these are your rules, correct them; else it is a defect of Rescind. The log has the traceback"
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, remedy)

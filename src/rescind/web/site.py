"""From an address to an answer: which sandbox is meant, and whether a vendor or the control API is asked."""

from __future__ import annotations

import re
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

if TYPE_CHECKING:
    from flask import Flask

    from rescind.engine import Engine
    from rescind.model import Reply, Request

SANDBOX_HEADER = "x-rescind-sandbox"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PREFIX = re.compile(r"/(?:~|%7[Ee])([^/]*)(/.*)?", re.DOTALL)


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

    def _answer(self, sandbox: str, request: Request) -> Reply:
        if request.path == CONTROL or request.path.startswith(CONTROL + "/"):
            from rescind.web import wsgi  # noqa: PLC0415 - Flask's import is for those who use the control API

            return wsgi.call(self.control, request, sandbox)
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

    @cached_property
    def control(self) -> Flask:
        """The control API, built when it is first needed."""
        from rescind.web.control import create_app  # noqa: PLC0415 - see handle

        return create_app(self)


def _failure(request: Request, error: Exception) -> Problem:
    """What the client is told of a failure that is not its own; what nobody foresaw is in the log."""
    if isinstance(error, StoreError):
        remedy = "drop some with DELETE /_rescind/sandboxes, or start with a larger --max-sandboxes"
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), remedy)
    if isinstance(error, RescindError):
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error), "correct it, or report it if it is ours")
    traceback.print_exception(error, file=sys.stderr)
    last = traceback.extract_tb(error.__traceback__)[-1]
    detail = f"{request.method} {request.path} failed at {last.filename}:{last.lineno}: {type(error).__name__}: {error}"
    remedy = "if these are your rules, correct them; else it is a defect of Rescind. The log has the traceback"
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, remedy)


def locate(request: Request) -> tuple[str, Request]:
    """The name of the sandbox that a request is for, and the request relative to its base URL.

    Raises Problem for a name that no sandbox can have, or two names that differ.
    """
    by_header = request.headers.get(SANDBOX_HEADER)
    prefixed = _PREFIX.fullmatch(request.path)
    if prefixed is None:
        return _name(by_header) if by_header is not None else DEFAULT_SANDBOX, request
    name = _name(prefixed.group(1))
    if by_header not in (None, name):
        detail = f"the path names the sandbox {name!r}, X-Rescind-Sandbox names {by_header!r}"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, "name one sandbox, in the path or in the header")
    return name, request._replace(path=prefixed.group(2) or "/", base_url=f"{request.base_url}/~{name}")


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        detail = f"{name!r} is no name of a sandbox"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, f"a name matches {_NAME.pattern}")
    return name

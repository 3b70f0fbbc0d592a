"""From an address to an answer: which sandbox is meant, and whether a vendor or the control API is asked."""

from __future__ import annotations

import re
import sys
import traceback
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.control.catalogue import CONTROL
from rescind.errors import RescindError, StoreError
from rescind.model import Request
from rescind.problems import Problem
from rescind.settings import ServeSettings
from rescind.store import DEFAULT_SANDBOX

if TYPE_CHECKING:
    from flask import Flask

    from rescind.engine import Engine
    from rescind.model import Reply

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
            if request.path == CONTROL or request.path.startswith(CONTROL + "/"):
                from rescind.web import wsgi  # noqa: PLC0415 - Flask's import is for those who use the control API

                return wsgi.call(self.control, request, sandbox)
            return self.engine.answer(sandbox, request)
        except Problem as problem:
            return problem.reply()
        except StoreError as error:
            remedy = "drop some with DELETE /_rescind/sandboxes, or start with a larger --max-sandboxes"
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), remedy).reply()
        except RescindError as error:
            return Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR, str(error), "correct it, or report it if it is ours"
            ).reply()
        except Exception as error:  # noqa: BLE001 - the last line of defence: the client gets an answer, the operator the traceback
            traceback.print_exc(file=sys.stderr)
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{last.filename}:{last.lineno}"
            detail = f"{request.method} {request.path} failed at {place}: {type(error).__name__}: {error}"
            remedy = "if these are your rules, correct them; else it is a defect of Rescind. The log has the traceback"
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, remedy).reply()

    def refused(self, target: bytes, problem: Problem) -> None:
        """Write what was no request into the journal of the sandbox that needs no name."""
        request = Request("", target.decode("latin-1").strip(), "", {}, b"")
        self.engine.note(DEFAULT_SANDBOX, request, problem.reply())

    @cached_property
    def control(self) -> Flask:
        """The control API, built when it is first needed."""
        from rescind.web.control import create_app  # noqa: PLC0415 - see handle

        return create_app(self)


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

"""What can be wrong: findings in files, failures of the sandbox itself, and problems of a request (RFC 9457)."""

from __future__ import annotations

import difflib
import json
import logging
import traceback
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rescind.model import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rescind.model import Request

PROBLEM_MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger("rescind")


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong in a file that a user wrote: where, what, and what would be right.

    ``line`` and ``column`` count from 1; 0 means that the file as a whole is meant.
    """

    file: str
    line: int
    column: int
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        """Write the finding as compilers do, so that editors can jump to it."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.problem}" + (f"\n    remedy: {self.remedy}" if self.remedy else "")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like another one. There must be one."""
    return difflib.get_close_matches(name, list(known), n=1, cutoff=0)[0]


class RescindError(Exception):
    """The sandbox cannot do what it was started for."""


class DocumentError(RescindError):
    """A file that a user wrote is wrong; ``findings`` says all that is."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(map(str, self.findings)))


class SpecError(DocumentError):
    """An OpenAPI document, or the rules that belong to it, is wrong."""


class FixtureError(DocumentError):
    """A fixture is wrong."""


class StoreError(RescindError):
    """The store cannot do what it was asked; ``remedy`` says what would help."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}")

    def as_problem(self) -> Problem:
        """Format it for a client."""
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, self.problem, self.remedy)


class StoreDownError(StoreError):
    """The store does not answer."""


class SettingsError(RescindError):
    """A command line option or a ``RESCIND_*`` variable is wrong."""


class Problem(Exception):  # noqa: N818 - the RFC's own word; it is an answer, no error of ours
    """An answer of Rescind itself, as opposed to a vendor's.

    ``detail`` says what was wrong and where, ``remedy`` what would be right; ``members`` are further fields.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        remedy: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.remedy = remedy
        self.headers = headers or {}
        self.members = members

    def reply(self) -> Reply:
        """Format the problem as a reply."""
        body = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "remedy": self.remedy,
            **self.members,
        }
        headers = (("Content-Type", PROBLEM_MEDIA_TYPE), *self.headers.items())
        return Reply(self.status, headers, json.dumps(body).encode())


def crash_problem(request: Request, failure: BaseException) -> Problem:
    """Format an unexpected failure for a client, and log its traceback."""
    if isinstance(failure, RescindError):
        _log.error("%s %s failed: %s", request.method, request.path, failure)
        return Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, str(failure), "correct it, or report it as a defect of Rescind"
        )
    _log.error("%s %s failed", request.method, request.path, exc_info=failure)
    last = traceback.extract_tb(failure.__traceback__)[-1]
    place = f"{last.filename}:{last.lineno}"
    detail = f"{request.method} {request.path} failed at {place}: {type(failure).__name__}: {failure}"
    remedy = "if these are your rules, correct them; else it is a defect of Rescind. The log has the traceback"
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, remedy)


def too_large_problem(max_body: int) -> Problem:
    """Refuse a body that is larger than the bound."""
    detail = f"the body has more than {max_body} bytes"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, "send less, or start with a larger --max-body")

"""What every view of the control API needs: the call's sandbox, query and body, and replies in JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from rescind.contract.received import Received, parse_json
from rescind.model import Reply
from rescind.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.engine import Engine
    from rescind.store import Transaction

T = TypeVar("T")

_encode = json.JSONEncoder(allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call of the control API: what came, and the sandbox and the engine that it is about."""

    engine: Engine
    sandbox: str
    received: Received

    @property
    def base_url(self) -> str:
        """The base URL of the sandbox, as the client wrote it."""
        return self.received.request.base_url

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of a repeated one the first."""
        return {name: values[0] for name, values in self.received.query.items()}

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` as one atomic step in the call's sandbox."""
        return self.engine.store.transact(self.sandbox, self.engine.clock.system(), work)

    def body(self) -> dict[str, Any]:
        """The JSON object that the call carries. Raises Problem for anything else."""
        media_type = self.received.media_type
        if media_type != "application/json" and not media_type.endswith("+json"):
            detail = f"the media type is {media_type or 'missing'}"
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, "send Content-Type: application/json")
        try:
            parsed = parse_json(self.received.request.body)
        except ValueError as wrong:
            raise Problem(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {wrong}", "send a JSON object") from None
        if not isinstance(parsed, dict):
            raise Problem(HTTPStatus.BAD_REQUEST, f"the body is a JSON {type(parsed).__name__}", "send a JSON object")
        return parsed

    def prefers(self, media_types: Sequence[str]) -> str | None:
        """The one of the media types that the client likes best (RFC 9110, section 12.5.1); None if it likes none."""
        from werkzeug.datastructures import MIMEAccept  # noqa: PLC0415 - few calls have a choice
        from werkzeug.http import parse_accept_header  # noqa: PLC0415

        return parse_accept_header(self.received.request.headers.get("accept"), MIMEAccept).best_match(media_types)


def as_json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    """A reply in JSON."""
    return as_text(_encode(value), "application/json", status)


def as_text(text: str, media_type: str, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    """A reply in another media type."""
    return Reply(status, (("Content-Type", media_type),), text.encode(errors="replace"))


def no_content() -> Reply:
    """A reply without a body."""
    return Reply(HTTPStatus.NO_CONTENT, ())

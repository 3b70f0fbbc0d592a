"""What a client did wrong, or asked of Rescind itself, as RFC 9457 problem details."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rescind.model import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http import HTTPStatus

MEDIA_TYPE = "application/problem+json"


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
        """The problem as it goes over the wire."""
        body = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "remedy": self.remedy,
            **self.members,
        }
        headers = (("Content-Type", MEDIA_TYPE), *self.headers.items())
        return Reply(self.status, headers, json.dumps(body).encode())

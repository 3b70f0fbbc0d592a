"""Finding the end of a head or of trailers in bytes that come in pieces."""

from __future__ import annotations

import re
from http import HTTPStatus

from rescind.errors import Problem
from rescind.server.head import MAX_HEAD, invalid

_END = b"\r\n\r\n"
_ILLEGAL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")
"""What no head may have: control characters, and line ends that are not CRLF (RFC 9110, 5.5; RFC 9112, 2.2)."""

_LEGAL = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*+(?:\r\n[^\x00-\x08\x0a-\x1f\x7f]*+)*+")
"""The opposite, which is found out faster."""


class Block:
    """Lines that end with an empty one. ``name`` says which, for problems.

    ``endless_line`` is the status for a first line that is too long.
    """

    def __init__(self, name: str, endless_line: HTTPStatus = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) -> None:
        self._name = name
        self._endless_line = endless_line
        self._searched = 0

    def take(self, buffer: bytearray) -> str | None:
        """Take the lines out of the buffer, without their last line end; return None until all of them are there.

        Raises Problem as soon as they cannot become valid, so that nobody waits for the rest.
        """
        end = buffer.find(_END, max(0, self._searched - len(_END) + 1), MAX_HEAD + len(_END))
        known = min(len(buffer), MAX_HEAD) if end < 0 else end + 2
        start = max(0, self._searched - 1)
        if not _LEGAL.fullmatch(buffer, start, known):
            self._refuse_illegal(buffer, start, known)
        if end < 0:
            if len(buffer) > MAX_HEAD:
                raise self._too_large(buffer)
            self._searched = len(buffer)
            return None
        lines = buffer[:end].decode("latin-1")
        del buffer[: end + len(_END)]
        return lines

    def _refuse_illegal(self, buffer: bytearray, start: int, end: int) -> None:
        illegal = _ILLEGAL.search(buffer, start, end)
        if illegal:
            detail = f"the {self._name} have the byte {illegal[0]!r}"
            raise invalid(detail, "end lines with CRLF, and send visible text")

    def _too_large(self, buffer: bytearray) -> Problem:
        detail = f"the {self._name} have more than {MAX_HEAD} bytes"
        if b" " not in buffer[:MAX_HEAD]:
            return invalid(f"the {self._name} have no spaces in {MAX_HEAD} bytes")
        has_line = b"\r\n" in buffer[:MAX_HEAD]
        return Problem(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if has_line else self._endless_line, detail, "send less"
        )

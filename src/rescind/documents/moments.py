"""Points in time: nanoseconds since the Unix epoch inside, RFC 3339 in UTC outside.

Fixtures may write a moment relative to the beginning of the sandbox: ``now``, ``now-2d``, ``now+1h``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from rescind.model import SECOND

FIRST = int(datetime(1, 1, 2, tzinfo=UTC).timestamp()) * SECOND
LAST = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp()) * SECOND
"""The first and last moments that are certain to be writable."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_RELATIVE = r"now(?:([+-][0-9]{1,6})([smhdw]))?"
PATTERN = f"{_RELATIVE}|{_RFC_3339}"
"""What a time looks like, as a regular expression of JSON Schema; a date that does not exist fits too."""

_is_rfc_3339, _match_relative = re.compile(_RFC_3339).fullmatch, re.compile(_RELATIVE).fullmatch
_FORMS = "write 2026-11-20T12:00:00Z, or now-2d with s, m, h, d or w"
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def is_relative(text: object) -> bool:
    """Return whether the text is a moment relative to the beginning of a sandbox."""
    return isinstance(text, str) and _match_relative(text) is not None


def parse(text: str, now: int = 0) -> int:
    """Parse a time; relative ones count from ``now``.

    Raises ValueError, saying what would be right.
    """
    relative = _match_relative(text)
    if relative:
        amount, unit = relative.groups()
        moment = now + int(amount or 0) * _UNITS[unit or "s"] * SECOND
    elif _is_rfc_3339(text):
        moment = (_datetime(text) - _EPOCH) // timedelta(microseconds=1) * 1000
    else:
        raise ValueError(f"invalid time {text!r}: {_FORMS}")
    if not FIRST <= moment <= LAST:
        raise ValueError(f"{text!r} is not between {format(FIRST)} and {format(LAST)}")
    return moment


def _datetime(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"{text!r} is not a valid date: {_FORMS}") from None


def format(moment: int) -> str:  # noqa: A001 - it is called as moments.format
    """Format a time by RFC 3339, in UTC, with microseconds where there are any."""
    text = (_EPOCH + timedelta(microseconds=moment // 1000)).isoformat()
    return text.replace("+00:00", "Z")

"""Comparing what came with what was expected: a match is an empty list of differences."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from marshmallow import ValidationError, fields

from rescind.contract.patterns import compile_pattern
from rescind.control.limits import MAX_PATTERN

if TYPE_CHECKING:
    from collections.abc import Mapping

_pattern = lru_cache(maxsize=256)(compile_pattern)


class Difference(NamedTuple):
    """A field that is not as expected."""

    field: str
    expected: Any
    got: Any


class Expected(fields.Field[Any]):
    """A value to equal, as text, number or boolean, or ``{"matches": REGEX}``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's
        if isinstance(value, str | int | float):
            return value
        match value:
            case {"matches": str(pattern), **rest} if not rest and len(pattern) <= MAX_PATTERN:
                try:
                    _pattern(pattern)
                except ValueError as wrong:
                    raise ValidationError(str(wrong)) from None
                return value
        raise ValidationError('Write a text, a number, a boolean, or {"matches": REGEX}.')


def fits(expected: Any, got: Any) -> bool:
    """Return whether a value is as expected; numbers and booleans are compared as they are written in a URL."""
    if got is None or expected is None:
        return got is expected
    if isinstance(expected, dict):
        return _pattern(expected["matches"])(url_text(got))
    return url_text(expected) == url_text(got)


def differences(expected: Mapping[str, Any], got: Mapping[str, Any], prefix: str = "") -> list[Difference]:
    """Return each field that is not as expected."""
    return [
        Difference(prefix + name, value, got.get(name))
        for name, value in expected.items()
        if not fits(value, got.get(name))
    ]


def url_text(value: Any) -> str:
    """Return a value as it is written in a URL."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Regular expressions that clients send, matched in linear time whatever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsonschema_rs

from rescind.contract.received import is_text

if TYPE_CHECKING:
    from collections.abc import Callable


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return a predicate that says whether a text has a match. Look-around and back references do not exist.

    Raises ValueError, saying what is wrong, for an invalid regular expression.
    """
    schema = {"type": "string", "pattern": pattern}
    try:
        validator = jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions())
    except (ValueError, jsonschema_rs.ValidationError):
        raise ValueError(
            f"invalid regular expression {pattern!r}: look-around and back references are not supported"
        ) from None

    def has_match(text: str) -> bool:
        return is_text(text) and validator.is_valid(text)

    return has_match

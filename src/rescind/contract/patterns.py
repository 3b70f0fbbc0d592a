"""Regular expressions that clients send or documents have, matched within bounds whatever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jsonschema_rs

from rescind.contract.received import is_text

if TYPE_CHECKING:
    from collections.abc import Callable


_COMPILED_BYTES: Final = 1024 * 1024
"""How large a compiled expression may be: matching takes a text's length times that, at worst."""

LINEAR: Final = jsonschema_rs.RegexOptions(size_limit=_COMPILED_BYTES, dfa_size_limit=_COMPILED_BYTES)
"""For expressions without look-around and back references: linear time."""

BACKTRACKING: Final = jsonschema_rs.FancyRegexOptions(
    backtrack_limit=10_000, size_limit=_COMPILED_BYTES, dfa_size_limit=_COMPILED_BYTES
)
"""For the others: a text that would take longer does not match."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return a predicate that says whether a text has a match. Look-around and back references do not exist.

    Raises ValueError, saying what is wrong, for an invalid regular expression.
    """
    schema = {"type": "string", "pattern": pattern}
    try:
        validator = jsonschema_rs.Draft202012Validator(schema, pattern_options=LINEAR)
    except (ValueError, jsonschema_rs.ValidationError):
        raise ValueError(
            f"invalid regular expression {pattern!r}: look-around and back references are not supported"
        ) from None

    def has_match(text: str) -> bool:
        return is_text(text) and validator.is_valid(text)

    return has_match

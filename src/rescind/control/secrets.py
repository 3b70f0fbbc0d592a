"""The secrets of one exchange: what they are called, and which were found."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rescind.contract.received import decode_query

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK: Final = "***"

_SHORTEST = 4
"""The shortest value that is hidden where it is repeated; shorter ones would hide too much."""

_MOST_VALUES = 50
_LONGEST_NAME = 200
_NAME = re.compile(
    r"(?:api|access|secret|private|client|auth|subscription)?[-_]?(?<!idempotency[-_])key"
    r"|token|secret|passw|passphrase|pwd|auth(?!or(?!i))|session|cookie|credential|signature|assertion"
    r"|(?<![a-z])(?:sig|jwt|pass|otp|sid)(?![a-z])|^(?:access|refresh)$",
    re.IGNORECASE,
)
_JSON_WEB_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_CODE = re.compile(r"(?<![a-z])code(?![a-z])", re.IGNORECASE)


class Secrets:
    """The secrets of one exchange. ``names`` certainly stand for secrets; others are known by what they are called."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower() for name in names)
        self._values: set[str] = set()

    def is_secret(self, name: str, *, in_form: bool = False) -> bool:
        """Return whether what has this name is a secret. A ``code`` is one in forms, where clients send it back."""
        plain = decode_query(name) if "%" in name else name
        return plain.lower() in self._names or _looks_secret(plain, in_form)

    def hide(self, value: Any) -> str:
        """Note a secret, with every part of it, and return what is shown in its place."""
        if isinstance(value, dict):
            for part in value.values():
                self.hide(part)
        elif isinstance(value, list):
            for part in value:
                self.hide(part)
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            self._values |= {part for part in (text, text.rpartition(" ")[2]) if len(part) >= _SHORTEST}
        return MASK

    def repeated(self, value: Any) -> Any:
        """Hide the secrets that were found so far, where a value repeats them. Too many hide every text."""
        if isinstance(value, dict):
            return {self.repeated(name): self.repeated(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.repeated(part) for part in value]
        if isinstance(value, str):
            return self._without(value)
        return MASK if str(value) in self._values else value

    def _without(self, text: str) -> str:
        text = _JSON_WEB_TOKEN.sub(MASK, text)
        if len(self._values) > _MOST_VALUES:
            return MASK
        for secret in sorted(self._values, key=len, reverse=True):
            text = text.replace(secret, MASK).replace(quote(secret, safe="", errors="replace"), MASK)
        return text


def _looks_secret(name: str, in_form: bool) -> bool:  # noqa: FBT001 - lru_cache wants it so
    if len(name) > _LONGEST_NAME:
        return _search(name, in_form)
    return _cached_search(name, in_form)


def _search(name: str, in_form: bool) -> bool:  # noqa: FBT001
    return _NAME.search(name) is not None or (in_form and _CODE.search(name) is not None)


_cached_search = lru_cache(maxsize=4_096)(_search)

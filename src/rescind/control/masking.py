"""Hiding secrets before an exchange is shown: by where they stand, never by what they look like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "***"
_NAME = (
    r"(?:api|access|secret|private|client|auth|subscription)?[-_]?(?<!idempotency[-_])key"
    r"|token|secret|passw|pwd|auth(?!or(?!i))|session|cookie|credential|signature"
)
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
# "name": "value" in JSON of any depth, whole or cut off; name=value in forms and in the queries of URLs.
_MEMBER = re.compile(rf'("(?:[^"\\]|\\.)*?(?:{_NAME})(?:[^"\\]|\\.)*"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.IGNORECASE)
_PAIR = re.compile(rf"((?:^|[?&;\s])[^=&?;\s\"]*(?:{_NAME})[^=&?;\s\"]*=)[^&\s#\"]*", re.IGNORECASE)


def is_secret(name: str, secret_names: Iterable[str] = ()) -> bool:
    """Return whether a parameter, header or field of that name holds a secret; ``secret_names`` certainly do."""
    return name.lower() in {one.lower() for one in secret_names} or _SECRET_NAME.search(name) is not None


def mask_headers(headers: Mapping[str, str], secret_names: Iterable[str] = ()) -> dict[str, str]:
    """Mask the values of secret headers, and the secrets in the URLs of others."""
    return {name: MASK if is_secret(name, secret_names) else mask_text(value) for name, value in headers.items()}


def mask_query(query: Mapping[str, list[str]], secret_names: Iterable[str] = ()) -> dict[str, list[str]]:
    """Mask the values of secret query parameters."""
    return {name: [MASK] * len(values) if is_secret(name, secret_names) else values for name, values in query.items()}


def mask_text(text: str) -> str:
    """Mask the values of secret fields in a text, in JSON and in forms."""
    return _PAIR.sub(rf"\1{MASK}", _MEMBER.sub(rf'\1"{MASK}"', text))


def mask_value(value: Any, secrets: Iterable[str]) -> Any:
    """Mask the known secrets of an exchange in a text about it."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
    return value

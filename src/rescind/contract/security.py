"""Where a request carries its credential, and what the spec answers when it is not good."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rescind.contract.received import load_cookie_parser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.document import Spec
    from rescind.contract.received import Received
    from rescind.documents.reading import Pointer


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A security scheme: ``kind`` is ``apiKey``, ``bearer`` or ``basic``.

    ``refusals`` names the outcome for a credential that is ``missing``, ``malformed``, ``unknown`` or ``expired``.
    """

    name: str
    location: str
    kind: str
    refusals: Mapping[str, str]
    is_case_sensitive: bool = False

    def credential(self, received: Received) -> str | None:
        """Return the credential that the request carries, or None; the values of a repeated one are joined."""
        if self.location == "query":
            values = received.query.get(self.name, [])
            return values[0] or None if len(values) == 1 else "&".join(values) or None
        if self.location == "cookie":
            return received.cookies.get(self.name)
        text = received.request.headers.get(self.name.lower(), "").strip()
        if self.kind == "apiKey":
            return text or None
        scheme, credential = (*text.split(None, 1), "", "")[:2]
        if not self._is_meant(scheme) or not credential.strip():
            return None
        return _basic(credential.strip()) if self.kind == "basic" else credential.strip()

    def is_malformed(self, received: Received) -> bool:
        """Return whether the header names the scheme, and then not exactly one word."""
        words = received.request.headers.get(self.name.lower(), "").split()
        return self.location == "header" and bool(words) and self._is_meant(words[0]) and len(words) != 2  # noqa: PLR2004

    def _is_meant(self, scheme: str) -> bool:
        """Return whether the name is that of this scheme; its case counts only if the document says so."""
        return scheme == self.kind.capitalize() if self.is_case_sensitive else scheme.lower() == self.kind

    def written(self, credential: str) -> str:
        """Return the value of the parameter or header that carries the credential."""
        if self.kind == "apiKey":
            return credential
        if self.kind == "basic":
            credential = base64.b64encode(credential.encode()).decode()
        return f"{self.kind.capitalize()} {credential}"


def compile_scheme(spec: Spec, name: str, place: Pointer) -> SecurityScheme | None:
    """Compile the scheme that a security requirement names; None for one that is not in the HTTP message.

    Raises SpecError if the document has no such scheme.
    """
    schemes = spec.data.get("components", {}).get("securitySchemes", {})
    if name not in schemes:
        known = ", ".join(schemes) or "none"
        raise spec.error(place, f"unknown security scheme {name!r}", f"name one of components.securitySchemes: {known}")
    part, _ = spec.follow(schemes[name], ("components", "securitySchemes", name))
    refusals: dict[str, str] = part.get("x-refusals", {})
    if part["type"] == "apiKey":
        if part["in"] == "cookie":
            load_cookie_parser()
        return SecurityScheme(part["name"], part["in"], "apiKey", refusals)
    if part["type"] == "mutualTLS":
        return None
    is_case_sensitive = part.get("x-scheme-case") == "sensitive"
    return SecurityScheme("Authorization", "header", _http_scheme(part), refusals, is_case_sensitive)


def _http_scheme(part: Mapping[str, Any]) -> str:
    scheme: str = part.get("scheme", "bearer")
    return scheme.lower()


def _basic(credential: str) -> str | None:
    try:
        return base64.b64decode(credential, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None

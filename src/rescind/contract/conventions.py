"""What the framework of a vendor's server does by itself with every request, as ``x-conventions`` says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMETER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Conventions:
    """How a server reads paths, queries and ``Accept``.

    ``prefixes`` are those of all paths that the vendor answers, known or not. ``missing_slash`` is the outcome for a
    path without its trailing slash, ``not_acceptable`` the one for an ``Accept`` that allows none of ``media_types``.
    """

    prefixes: tuple[str, ...] = ()
    ignores_path_case: bool = False
    ignores_query_case: bool = False
    merges_slashes: bool = False
    is_slash_optional: bool = False
    has_implicit_head: bool = True
    missing_slash: str | None = None
    media_types: tuple[str, ...] = ()
    not_acceptable: str | None = None

    def pattern(self, path: str) -> re.Pattern[str]:
        """Compile the pattern of a path's template; each parameter is a group."""
        literal, end = path, ""
        if self.is_slash_optional:
            literal, end = path.rstrip("/"), "/?"
        elif self.missing_slash and path.endswith("/"):
            literal, end = path[:-1], "/?"
        text = "([^/]+)".join(re.escape(part) for part in PARAMETER.split(literal)[::2]) + end
        text = text.replace("/", "/+").replace("/+?", "/*") if self.merges_slashes else text
        return re.compile(text, self._flags)

    def below(self, prefix: str) -> re.Pattern[str]:
        """Compile the pattern of each path below one of the prefixes."""
        text = re.escape(prefix)
        text = text.replace("/", "/+") if self.merges_slashes else text
        return re.compile(f"{text}(?:/.*)?", self._flags | re.DOTALL)

    @property
    def are_exact(self) -> bool:
        """Whether a path without parameters is matched only by itself."""
        relaxed = (self.ignores_path_case, self.merges_slashes, self.is_slash_optional, self.missing_slash)
        return not any(relaxed)

    @property
    def _flags(self) -> re.RegexFlag:
        return re.IGNORECASE if self.ignores_path_case else re.NOFLAG

    def accepts(self, accept: str | None) -> bool:
        """Return whether the value of ``Accept`` allows one of the media types; weights are ignored, zero too."""
        return accept is None or any(
            _matches(media_type, media_range.partition(";")[0].strip().lower())
            for media_range in accept.split(",")
            for media_type in self.media_types
        )


def conventions_of(document: Mapping[str, Any], mount: str = "") -> Conventions:
    """Return the conventions that a document states; ``mount`` comes before its paths."""
    stated = document.get("x-conventions", {})
    slash, accept = stated.get("trailing_slash", "exact"), stated.get("accept", {})
    return Conventions(
        prefixes=tuple(mount + prefix for prefix in stated.get("prefixes", ())),
        ignores_path_case=stated.get("path_case") == "ignored",
        ignores_query_case=stated.get("query_case") == "ignored",
        merges_slashes=stated.get("repeated_slashes") == "merged",
        is_slash_optional=slash == "optional",
        has_implicit_head=stated.get("implicit_head", True),
        missing_slash=slash["missing"] if isinstance(slash, dict) else None,
        media_types=tuple(accept.get("media_types", ())),
        not_acceptable=accept.get("refusal"),
    )


def _matches(media_type: str, media_range: str) -> bool:
    kind, _, subtype = media_type.partition("/")
    ranged_kind, _, ranged_subtype = media_range.partition("/")
    return ranged_kind in {kind, "*"} and ranged_subtype in {subtype, "*"}

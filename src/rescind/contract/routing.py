"""From a method and a path to an operation."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from rescind.contract.received import decode_path
from rescind.errors import Finding, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rescind.contract.operations import Operation

_PARAMETER = re.compile(r"\{([^{}]+)\}")


class Match(NamedTuple):
    """The operations of a known path by method, and the decoded values of its path parameters."""

    methods: Mapping[str, Operation]
    path: Mapping[str, str]

    @property
    def allow(self) -> str:
        """The exact ``Allow`` header of the path."""
        return ", ".join(sorted(self.methods))


class Router:
    """Finds the operations of a path.

    Raises SpecError if two operations claim one method and path; ``files`` names each vendor's document.
    """

    def __init__(self, operations: Iterable[Operation], files: Mapping[str, str]) -> None:
        claimed: dict[tuple[str, str], Operation] = {}
        paths: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            shape = _PARAMETER.sub("{}", operation.path)
            other = claimed.setdefault((operation.method, shape), operation)
            if other is not operation:
                raise _conflict(other, operation, files)
            paths.setdefault(operation.path, {})[operation.method] = operation
        self.paths = sorted(paths)
        self._literal = {path: Match(methods, {}) for path, methods in paths.items() if "{" not in path}
        templated = sorted((path for path in paths if "{" in path), key=_specificity)
        self._templated = [(_compile(path), _PARAMETER.findall(path), paths[path]) for path in templated]

    def match(self, path: str) -> Match | None:
        """The operations of a percent-encoded path; literal paths go before templates."""
        literal = self._literal.get(path)
        if literal:
            return literal
        for pattern, names, methods in self._templated:
            found = pattern.fullmatch(path)
            if found:
                return Match(methods, dict(zip(names, map(decode_path, found.groups()), strict=True)))
        return None

    def nearest(self, path: str) -> list[str]:
        """The known paths that resemble ``path`` most, best first."""
        return difflib.get_close_matches(path, self.paths, n=3, cutoff=0.4) or self.paths[:3]


def _compile(path: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(path)
    return re.compile("".join("([^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)))


def _specificity(path: str) -> tuple[int, int]:
    return len(_PARAMETER.findall(path)), -len(path)


def _conflict(first: Operation, second: Operation, files: Mapping[str, str]) -> SpecError:
    claim = f"{second.method} {second.path}"
    if first.vendor == second.vendor:
        problem, remedy = f"{first.id} and {second.id} both claim {claim}", "give one of them another path"
    else:
        problem = f"the vendors {first.vendor} and {second.vendor} both claim {claim}"
        remedy = f"write `mount: /{second.vendor}` in the fixtures of {second.vendor}"
    return SpecError([Finding(files[second.vendor], 0, 0, problem, remedy)])

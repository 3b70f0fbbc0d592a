"""From a method and a path to an operation."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from rescind.contract.http import refuse_method, unknown_method
from rescind.contract.received import decode_path
from rescind.documents import shipped
from rescind.errors import Finding, Problem, SpecError
from rescind.model import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rescind.contract.operations import Operation
    from rescind.model import Request


_PARAMETER = re.compile(r"\{([^{}]+)\}")
_names = lru_cache(maxsize=None)(_PARAMETER.findall)


class Match(NamedTuple):
    """The operations of a known path by method, and the decoded values of its parameters, in their order."""

    methods: Mapping[str, Operation]
    groups: tuple[str, ...]

    @property
    def allow(self) -> str:
        """The exact ``Allow`` header of the path."""
        return ", ".join(sorted(self.methods))

    def path_of(self, operation: Operation) -> dict[str, str]:
        """Return the path parameters by the names that the operation gives them."""
        return dict(zip(_names(operation.path), self.groups, strict=True)) if self.groups else {}


class Router:
    """Finds the operations of a path.

    Raises SpecError if two operations claim one method and path; ``files`` names each vendor's document.
    """

    def __init__(self, operations: Iterable[Operation], files: Mapping[str, Path]) -> None:
        shapes: dict[str, dict[str, Operation]] = {}
        self.paths: dict[str, str] = {}
        for operation in operations:
            shape = _PARAMETER.sub("{}", operation.path)
            other = shapes.setdefault(shape, {}).setdefault(operation.method, operation)
            if other is not operation:
                raise _conflict(other, operation, files)
            self.paths.setdefault(shape, operation.path)
        for methods in shapes.values():
            if "GET" in methods:  # a document that describes HEAD itself goes before (RFC 9110, section 9.3.2)
                methods.setdefault("HEAD", methods["GET"])
        self.allow = ", ".join(sorted(set().union(*shapes.values())))
        self._literal = {shape: Match(methods, ()) for shape, methods in shapes.items() if "{" not in shape}
        templated = sorted((shape for shape in shapes if "{" in shape), key=_specificity)
        self._templated = [(_compile(shape), shapes[shape]) for shape in templated]

    def match(self, path: str) -> Match | None:
        """Return the operations of a percent-encoded path; literal paths go before templates."""
        literal = self._literal.get(path)
        if literal:
            return literal
        for pattern, methods in self._templated:
            found = pattern.fullmatch(path)
            if found:
                return Match(methods, tuple(map(decode_path, found.groups())))
        return None

    def answer_without_operation(self, request: Request, match: Match | None) -> Reply:
        """Answer a request to the server as a whole; refuse a path or a method that no vendor has."""
        if (request.method, request.path) == ("OPTIONS", "*"):  # RFC 9110, section 9.3.7
            return Reply(HTTPStatus.NO_CONTENT, (("Allow", self.allow),))
        if request.method == "CONNECT":  # its target is no path (RFC 9110, section 9.3.6)
            return refuse_method(request, self.allow).reply()
        problem = refuse_method(request, match.allow) if match else unknown_method(request)
        return (problem or self._unknown_path(request.path)).reply()

    def _unknown_path(self, path: str) -> Problem:
        remedy = "check the base URL and the path; these are the nearest known ones"
        near = difflib.get_close_matches(path, self.paths, n=3, cutoff=0.4) or list(self.paths)[:3]
        nearest = [self.paths[shape] for shape in near]
        return Problem(HTTPStatus.NOT_FOUND, f"no vendor has a path {path}", remedy, nearest=nearest)


def _compile(shape: str) -> re.Pattern[str]:
    return re.compile("([^/]+)".join(map(re.escape, shape.split("{}"))))


def _specificity(shape: str) -> tuple[int, int]:
    return shape.count("{}"), -len(shape)


def _conflict(first: Operation, second: Operation, files: Mapping[str, Path]) -> SpecError:
    claim = f"{second.method} {second.path}"
    if first.vendor == second.vendor:
        problem, remedy = f"{first.id} and {second.id} both claim {claim}", "give one of them another path"
        return SpecError([Finding(str(files[second.vendor]), 0, 0, problem, remedy)])
    # Whoever came later moves: a vendor of the user's rather than one that comes with Rescind.
    mover = first.vendor if shipped.SPEC_DIR in files[second.vendor].parents else second.vendor
    problem = f"the vendors {first.vendor} and {second.vendor} both claim {claim}"
    return SpecError([Finding(str(files[mover]), 0, 0, problem, f"write `mount: /{mover}` in the fixtures of {mover}")])

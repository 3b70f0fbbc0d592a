"""From a method and a path to an operation."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from rescind.contract.conventions import PARAMETER
from rescind.contract.http import METHODS, refuse_method, unknown_method
from rescind.contract.received import decode_path
from rescind.documents import shipped
from rescind.errors import Finding, Problem, SpecError
from rescind.model import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rescind.contract.conventions import Conventions
    from rescind.contract.operations import Operation
    from rescind.model import Request

_names = lru_cache(maxsize=None)(PARAMETER.findall)


class Match(NamedTuple):
    """What a vendor has for a path: operations by method, and the decoded values of its parameters, in their order.

    ``fallback`` is the vendor's answer to every other method.
    """

    methods: Mapping[str, Operation]
    groups: tuple[str, ...]
    fallback: Operation | None = None

    def operation(self, method: str) -> Operation | None:
        """Return the operation that answers a method; none where the answer is Rescind's own."""
        found = self.methods.get(method)
        # What does not exist, and what has no path as its target, is refused by HTTP itself.
        return found or (self.fallback if method in METHODS and method != "CONNECT" else None)

    @property
    def allow(self) -> str:
        """The exact ``Allow`` header of the path."""
        return ", ".join(sorted(self.methods))

    def path_of(self, operation: Operation) -> dict[str, str]:
        """Return the path parameters by the names that the operation gives them."""
        return dict(zip(_names(operation.path), self.groups, strict=True)) if self.groups else {}


@dataclass
class _Path:
    """What stands at one path, of any vendor."""

    template: str
    conventions: Conventions
    methods: dict[str, Operation] = field(default_factory=dict)
    fallback: Operation | None = None


class Router:
    """Finds the operations of a path.

    Raises SpecError if two operations claim one method and path; ``files`` names each vendor's document.
    """

    def __init__(self, operations: Iterable[Operation], files: Mapping[str, Path]) -> None:
        paths: dict[str, _Path] = {}
        unknown: list[Operation] = []
        for operation in operations:
            if operation.is_fallback and not operation.path:
                unknown.append(operation)
                continue
            shape = PARAMETER.sub("{}", operation.path)
            path = paths.setdefault(shape, _Path(operation.path, operation.conventions))
            if operation.is_fallback:
                path.fallback = path.fallback or operation
            elif path.methods.setdefault(operation.method, operation) is not operation:
                raise _conflict(path.methods[operation.method], operation, files)
        for path in paths.values():
            if "GET" in path.methods and path.conventions.has_implicit_head:
                # A document that describes HEAD itself goes before (RFC 9110, section 9.3.2).
                path.methods.setdefault("HEAD", path.methods["GET"])
        self.paths = {shape: path.template for shape, path in paths.items()}
        self.allow = ", ".join(sorted({method for path in paths.values() for method in path.methods}))
        self._literal = {
            shape: Match(path.methods, (), path.fallback) for shape, path in paths.items() if "{" not in shape
        }
        relaxed = [shape for shape, path in paths.items() if "{" in shape or not path.conventions.are_exact]
        self._patterns = [
            (paths[shape].conventions.pattern(paths[shape].template), paths[shape])
            for shape in sorted(relaxed, key=_specificity)
        ]
        owned = [(prefix, one) for one in unknown for prefix in one.conventions.prefixes]
        owned.sort(key=lambda pair: len(pair[0]), reverse=True)  # the closest prefix decides between vendors
        self._prefixes = [(one.conventions.below(prefix), Match({}, (), one)) for prefix, one in owned]

    def match(self, path: str) -> Match | None:
        """Return what a vendor has for a percent-encoded path; literal paths go before templates."""
        literal = self._literal.get(path)
        if literal:
            return literal
        for pattern, known in self._patterns:
            found = pattern.fullmatch(path)
            if found:
                return Match(known.methods, tuple(map(decode_path, found.groups())), known.fallback)
        return next((match for pattern, match in self._prefixes if pattern.fullmatch(path)), None)

    def answer_without_operation(self, request: Request, match: Match | None) -> Reply:
        """Answer a request to the server as a whole; refuse a path or a method that no vendor has."""
        if (request.method, request.path) == ("OPTIONS", "*"):  # RFC 9110, section 9.3.7
            return Reply(HTTPStatus.NO_CONTENT, (("Allow", self.allow),))
        if request.method == "CONNECT":  # its target is no path (RFC 9110, section 9.3.6)
            return refuse_method(request, self.allow).reply()
        problem = refuse_method(request, match.allow) if match and match.methods else unknown_method(request)
        return (problem or self._unknown_path(request.path)).reply()

    def _unknown_path(self, path: str) -> Problem:
        remedy = "check the base URL and the path; these are the nearest known ones"
        near = difflib.get_close_matches(path, self.paths, n=3, cutoff=0.4) or list(self.paths)[:3]
        nearest = [self.paths[shape] for shape in near]
        return Problem(HTTPStatus.NOT_FOUND, f"no vendor has a path {path}", remedy, nearest=nearest)


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

"""An OpenAPI document: read, checked against the dialect that Rescind understands, its references followed."""

from __future__ import annotations

import difflib
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import jsonschema_rs

from rescind.contract.conventions import conventions_of
from rescind.documents import reading
from rescind.errors import Finding, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rescind.contract.conventions import Conventions
    from rescind.documents.reading import Document, Pointer


EXTENSIONS = (
    "x-provenance",
    "x-client",
    "x-conventions",
    "x-other-methods",
    "x-other-paths",
    "x-not-simulated",
    "x-allow",
    "x-before-security",
    "x-scheme-case",
    "x-sources",
    "x-examples",
    "x-values",
    "x-value",
    "x-headers",
    "x-refusal",
    "x-unsupported",
    "x-malformed",
    "x-texts",
    "x-refusals",
    "x-rate-limit",
    "x-why-absent",
)
_VALUES = {"example", "value", "default", "const", "enum"}
_NAMES = {"properties", "schemas", "parameters", "responses", "headers", "examples", "$defs", "patternProperties"}
"""Below these the keys are names that the author chose."""


class Spec:
    """An OpenAPI 3.0 or 3.1 document that Rescind can serve, and the way from one part of it to another.

    A *place* is a pointer into the document; ``follow`` gives the part there with its references resolved, and the
    place where that part really stands. ``validators`` are the schemas that were compiled, by the identity of each.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.data: Mapping[str, Any] = document.data
        findings = [*_dialect_findings(document)] or [*self._part_findings((), document.data, set())]
        if findings:
            raise SpecError(findings)
        self.validators: dict[int, tuple[Any, jsonschema_rs.Validator]] = {}
        self._older_dialect = self.data["openapi"].startswith("3.0")

    def follow(self, part: Any, place: Pointer) -> tuple[Any, Pointer]:
        """Resolve ``part`` at ``place`` while it is a reference."""
        seen = set()
        while isinstance(part, dict) and isinstance(part.get("$ref"), str):
            reference = part["$ref"]
            if reference in seen:
                raise self.error(place, f"the reference {reference} refers to itself", "refer to a part with content")
            seen.add(reference)
            place = _pointer(reference)
            part = self.at(place)
        return part, place

    def schema(self, schema: Any) -> Any:
        """Convert a schema to a self-contained JSON Schema 2020-12, with the components that it refers to."""
        if not isinstance(schema, dict):
            return schema
        whole = {**schema, "components": {"schemas": self.data.get("components", {}).get("schemas", {})}}
        return _modernise(whole) if self._older_dialect else whole

    def error(self, place: Pointer, problem: str, remedy: str) -> SpecError:
        """Make the error of this document, with the position of ``place``."""
        return SpecError([self.document.finding(place, problem, remedy)])

    def at(self, place: Pointer) -> Any:
        """Return the part of the document at a place."""
        part: Any = self.data
        for step in place:
            part = part[int(step)] if isinstance(part, list) else part[step]
        return part

    @cached_property
    def conventions(self) -> Conventions:
        """What the vendor's server does by itself."""
        return conventions_of(self.data, self.base_path)

    @property
    def base_path(self) -> str:
        """The path of the first server's URL, which all paths come after."""
        servers = self.data.get("servers") or [{"url": "/"}]
        url = servers[0]["url"]
        return "" if "{" in url else urlsplit(url).path.rstrip("/")

    def _part_findings(self, place: Pointer, part: Any, seen: set[tuple[int, bool]]) -> Iterator[Finding]:
        """Find what is wrong in a part of the document. ``seen`` are the parts that an alias repeats."""
        are_names = bool(place) and place[-1] in _NAMES
        if not isinstance(part, list | dict) or (id(part), are_names) in seen:
            return
        seen.add((id(part), are_names))
        if isinstance(part, list):
            for index, item in enumerate(part):
                yield from self._part_findings((*place, index), item, seen)
        else:
            reference = part.get("$ref")
            if isinstance(reference, str) and not self._resolves(reference):
                yield self.document.finding(
                    (*place, "$ref"),
                    f"the reference {reference!r} does not resolve",
                    "refer to a part of this document by #/, spelled as it stands there",
                )
            for key, value in part.items():
                if not are_names:
                    yield from self._extension_findings((*place, key), key)
                if are_names or key not in _VALUES:
                    yield from self._part_findings((*place, key), value, seen)

    def _extension_findings(self, place: Pointer, key: str) -> Iterator[Finding]:
        """Find extensions that look like a misspelt one of ours."""
        if key.startswith("x-") and key not in EXTENSIONS:
            near = difflib.get_close_matches(key, EXTENSIONS, n=1, cutoff=0.75)
            if near:
                remedy = "correct it, or give an extension of your own a name that is less alike"
                yield self.document.finding(place, f"unknown extension {key}; did you mean {near[0]}?", remedy)

    def _resolves(self, reference: str) -> bool:
        try:
            self.at(_pointer(reference))
        except (KeyError, IndexError, ValueError, TypeError):
            return False
        return reference.startswith("#/")


def open_spec(path: Path) -> Spec:
    """Read the OpenAPI document at ``path``.

    Raises SpecError with every finding: not OpenAPI, a misspelt extension, an unresolved reference.
    """
    return Spec(reading.load(path, SpecError))


def _pointer(reference: str) -> Pointer:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in reference.removeprefix("#/").split("/"))


@cache
def _dialect() -> tuple[Any, jsonschema_rs.Draft202012Validator]:
    schema = reading.load(Path(__file__).with_name("dialect.yaml"), SpecError).data
    return schema, jsonschema_rs.Draft202012Validator(schema)


def _dialect_findings(document: Document) -> Iterator[Finding]:
    schema, validator = _dialect()
    try:
        errors = list(validator.iter_errors(document.data))
    except ValueError as failure:  # keys that JSON cannot have, such as `404:` without quotes
        yield _unquoted_key(document, document.data, ()) or document.finding(
            (), str(failure), "write plain JSON values"
        )
        return
    for error in errors:
        place = (*error.instance_path, *_offending_property(error))
        yield document.finding(place, error.message, _remedy(schema, error.schema_path))


def _offending_property(error: jsonschema_rs.ValidationError) -> tuple[str, ...]:
    """Return the key that an error about a whole object is really about, as far as the error knows it."""
    misnamed = getattr(error.kind, "error", None)
    unexpected = [misnamed.instance] if misnamed else getattr(error.kind, "unexpected", [])
    return tuple(map(str, unexpected[:1]))


def _remedy(schema: Any, path: list[str | int]) -> str:
    """Return the innermost x-remedy on the way to the keyword that failed."""
    remedy = schema.get("x-remedy", "")
    for step in path:
        schema = schema[step]
        if isinstance(schema, dict):
            remedy = schema.get("x-remedy", remedy)
    return cast("str", remedy)


def _unquoted_key(document: Document, part: Any, place: Pointer) -> Finding | None:
    children = enumerate(part) if isinstance(part, list) else part.items() if isinstance(part, dict) else ()
    for key, value in children:
        if isinstance(part, dict) and not isinstance(key, str):
            return document.finding(
                (*place, str(key)), f"the key {key!r} is not a string", f'write it in quotes: "{key}"'
            )
        finding = _unquoted_key(document, value, (*place, key))
        if finding:
            return finding
    return None


def _modernise(schema: Any) -> Any:
    """Convert an OpenAPI 3.0 schema to JSON Schema 2020-12."""
    if isinstance(schema, list):
        return [_modernise(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    modern = {key: _modernise(value) for key, value in schema.items()}
    if modern.pop("nullable", False) is True and isinstance(modern.get("type"), str):
        modern["type"] = [modern["type"], "null"]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(modern.get(exclusive), bool) and modern.pop(exclusive):
            modern[exclusive] = modern.pop(bound)
    return modern

"""The operations of a vendor's document, compiled once: what they accept, and every outcome that they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rescind.contract.expressions import MISSING
from rescind.contract.parameters import Body, Parameter, Violation, compile_body, compile_parameter
from rescind.contract.replies import Example, compile_example
from rescind.contract.sample import sample
from rescind.contract.security import SecurityScheme, compile_scheme
from rescind.model import Outcome, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rescind.contract.document import Spec
    from rescind.contract.received import Received
    from rescind.documents import Pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """That an operation is limited per credential: the outcome that refuses, the window in seconds.

    ``setting`` is the field that has the number of requests in a window, in the credential or else in the settings.
    """

    refusal: str
    setting: str
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. ``security`` lists alternatives, each a tuple of schemes that all must be satisfied."""

    vendor: str
    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    security: tuple[tuple[SecurityScheme, ...], ...]
    rate_limit: RateLimit | None
    examples: Mapping[str, Example]
    place: Pointer

    def read(self, received: Received) -> tuple[Mapping[str, Any], Any, tuple[Violation, ...]]:
        """The parameters by name, the body (``MISSING`` if none), and every way in which the request is wrong."""
        values: dict[str, Any] = {}
        body: Any = MISSING
        violations: list[Violation] = []
        for parameter in self.parameters:
            try:
                value = parameter.value(received)
            except ValueError as wrong:
                refusal = parameter.refusal or self.default_refusal(parameter.location)
                violations.append(Violation(parameter.location, parameter.name, str(wrong), refusal))
            else:
                if value is not MISSING:
                    values[parameter.name] = value
        if self.body:
            try:
                body = self.body.value(received)
            except ValueError as wrong:
                refusal = self.body.refusal or self.default_refusal("body")
                violations.append(Violation("body", "body", str(wrong), refusal))
        return values, body, tuple(violations)

    def default_refusal(self, location: str) -> str | None:
        """The outcome for a wrong part of a request where the spec names none: by status, as far as any fits."""
        statuses = {"path": (400, 422, 404), "security": (401, 403)}.get(location, (400, 422))
        return self.first(*statuses)

    def first(self, *statuses: int) -> str | None:
        """The first outcome that has one of the statuses, in the order of the statuses."""
        for status in statuses:
            for name, example in self.examples.items():
                if example.outcome.status == status:
                    return name
        return None

    @property
    def locations(self) -> Mapping[str, str]:
        """Where each parameter goes, credentials included: name to path, query, header or cookie."""
        credentials = {scheme.name: scheme.location for schemes in self.security for scheme in schemes}
        return credentials | {parameter.name: parameter.location for parameter in self.parameters}

    def named_by_contract(self) -> set[str]:
        """The outcomes that validation, authentication and the rate limit lead to."""
        refusals = {parameter.refusal for parameter in self.parameters}
        refusals |= {self.body.refusal} if self.body else set()
        refusals |= {self.rate_limit.refusal} if self.rate_limit else set()
        for schemes in self.security:
            for scheme in schemes:
                refusals |= set(scheme.refusals.values())
        return {refusal for refusal in refusals if refusal}


def compile_operations(spec: Spec, vendor: str, mount: str = "") -> tuple[Operation, ...]:
    """Compile every operation of the document; ``mount`` is put before each path.

    Raises SpecError for a schema, an expression, a security scheme or an outcome's name that does not work out.
    """
    operations = [
        _operation(spec, vendor, mount, path, method)
        for path, item in spec.data["paths"].items()
        for method in METHODS
        if method in item
    ]
    seen: set[str] = set()
    for operation in operations:
        if operation.id in seen:
            raise spec.error(operation.place, f"the operationId {operation.id!r} is used twice", "give each its own")
        seen.add(operation.id)
    return tuple(operations)


def _operation(spec: Spec, vendor: str, mount: str, path: str, method: str) -> Operation:
    place: Pointer = ("paths", path, method)
    item, part = spec.data["paths"][path], spec.data["paths"][path][method]
    operation_id = part.get("operationId") or _slug(f"{method} {path}")
    limit = part.get("x-rate-limit")
    operation = Operation(
        vendor=vendor,
        id=operation_id,
        method=method.upper(),
        path=mount + path,
        parameters=_parameters(spec, item.get("parameters", []), part.get("parameters", []), path, place),
        body=compile_body(spec, part["requestBody"], (*place, "requestBody")) if "requestBody" in part else None,
        security=_security(spec, part.get("security", spec.data.get("security", [])), place),
        rate_limit=RateLimit(**limit) if limit else None,
        examples=dict(_examples(spec, vendor, operation_id, part["responses"], (*place, "responses"))),
        place=place,
    )
    unknown = sorted(operation.named_by_contract() - operation.examples.keys())
    if unknown:
        known = ", ".join(operation.examples)
        problem = f"{operation_id} refuses with {unknown[0]!r}, which none of its responses has as an example"
        raise spec.error(place, problem, f"name one of: {known}")
    return operation


def _parameters(spec: Spec, common: list[Any], own: list[Any], path: str, place: Pointer) -> tuple[Parameter, ...]:
    compiled: dict[tuple[str, str], Parameter] = {}
    for where, parts in (((*place[:-1], "parameters"), common), ((*place, "parameters"), own)):
        for index, part in enumerate(parts):
            parameter = compile_parameter(spec, part, (*where, index))
            compiled[parameter.location, parameter.name] = parameter
    for name in re.findall(r"\{([^{}]+)\}", path):
        if ("path", name) not in compiled:
            raise spec.error(place, f"the path parameter {name!r} is not described", "add it to parameters, in: path")
    return tuple(compiled.values())


def _security(spec: Spec, requirements: list[Any], place: Pointer) -> tuple[tuple[SecurityScheme, ...], ...]:
    alternatives = []
    for requirement in requirements:
        schemes = (compile_scheme(spec, name, (*place, "security")) for name in requirement)
        alternatives.append(tuple(scheme for scheme in schemes if scheme))
    return tuple(alternatives)


def _examples(
    spec: Spec, vendor: str, operation: str, responses: Mapping[str, Any], place: Pointer
) -> Iterator[tuple[str, Example]]:
    names: set[str] = set()
    for code, response in responses.items():
        if code.startswith("x-"):
            continue
        part, part_place = spec.follow(response, (*place, code))
        status = _status(code)
        headers = _headers(spec, part, part_place)
        for name, media_type, shown, shown_place in _shown(spec, part, part_place, status):
            if name in names:
                raise spec.error(
                    shown_place, f"{operation} has two outcomes named {name!r}", "give each a name of its own"
                )
            names.add(name)
            provenance = Provenance(
                **shown.get("x-provenance", {"mark": "documented", "source": spec.data["info"]["title"]})
            )
            summary = shown.get("summary", part["description"])
            outcome = Outcome(vendor, operation, name, status, summary, provenance, shown.get("x-why-absent", {}))
            own_headers = {header.lower(): text for header, text in shown.get("x-headers", {}).items()}
            named = {header: own_headers.pop(header.lower(), text) for header, text in headers.items()} | own_headers
            try:
                example = compile_example(outcome, media_type, shown.get("value"), shown.get("x-values", {}), named)
            except ValueError as wrong:
                raise spec.error(
                    shown_place, str(wrong), "x-values go by JSON pointers into value; see expressions"
                ) from None
            yield name, example


def _shown(
    spec: Spec, response: Mapping[str, Any], place: Pointer, status: int
) -> Iterator[tuple[str, str | None, Mapping[str, Any], Pointer]]:
    """The named examples of a response: name, media type, example, place. One is made up where it shows none."""
    bodiless: Sequence[tuple[str | None, Pointer, Mapping[str, Any]]] = [
        (None, (*place, "x-examples"), response.get("x-examples", {}))
    ]
    with_body = [
        (media_type, (*place, "content", media_type, "examples"), media.get("examples", {}))
        for media_type, media in response.get("content", {}).items()
    ]
    found = False
    for media_type, where, examples in (*bodiless, *with_body):
        for name, example in examples.items():
            found = True
            shown, shown_place = spec.follow(example, (*where, name))
            yield name, media_type, shown, shown_place
    if not found:
        content: Mapping[str, Any] = response.get("content", {})
        media_type = next(iter(content), None)
        made_up: dict[str, Any] = {}
        if media_type and status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            media = content[media_type]
            made_up["value"] = media["example"] if "example" in media else sample(spec, media.get("schema", {}))
        yield _slug(HTTPStatus(status).phrase), media_type if made_up else None, made_up, place


def _headers(spec: Spec, response: Mapping[str, Any], place: Pointer) -> dict[str, Any]:
    headers = {}
    for name, header in response.get("headers", {}).items():
        part, _ = spec.follow(header, (*place, "headers", name))
        value = part.get("x-value", part.get("example", MISSING))
        if value is MISSING and part.get("required"):
            value = sample(spec, part.get("schema", {}))
        if value is not MISSING:
            headers[name] = value
    return headers


def _status(code: str) -> int:
    if code == "default":
        return int(HTTPStatus.INTERNAL_SERVER_ERROR)
    number = int(code.replace("XX", "00"))
    return number if number in set(HTTPStatus) else number // 100 * 100


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")

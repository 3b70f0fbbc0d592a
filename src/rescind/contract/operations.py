"""The operations of a vendor's document, compiled once: what they accept, and every outcome that they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.contract.expressions import MISSING
from rescind.contract.outcomes import compile_outcomes, slug
from rescind.contract.parameters import Body, Parameter, Refusal, Violation, compile_parameter, compile_request_body
from rescind.contract.security import SecurityScheme, compile_scheme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.document import Spec
    from rescind.contract.received import Received
    from rescind.contract.replies import Example
    from rescind.documents.reading import Pointer

_LONGEST_PROBLEM = 1_000
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """That an operation is limited per credential: the outcome that refuses, the window in seconds.

    ``setting`` is the field that has the number of requests in a window, in the credential or else in the settings.
    """

    refusal: str
    setting: str
    window_seconds: int


@dataclass(frozen=True)
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
        """Parse the request: the parameters by name, the body (``MISSING`` if it is empty), and every violation."""
        values: dict[str, Any] = {}
        body: Any = MISSING
        violations: list[Violation] = []
        for parameter in self.parameters:
            try:
                value = parameter.value(received)
            except ValueError as wrong:
                violations.append(self._violation(parameter, wrong))
                if parameter.refusal is Refusal.BY_RULES:
                    values[parameter.name] = parameter.texts(received)[0]
            else:
                if value is not MISSING:
                    values[parameter.name] = value
        if self.body:
            try:
                body = self.body.value(received)
            except ValueError as wrong:
                refusal = self._refusal(self.body.refusal, "body")
                violations.append(Violation("body", "body", _problem(wrong), refusal))
        return values, body, tuple(violations)

    def _violation(self, parameter: Parameter, wrong: ValueError) -> Violation:
        refusal = self._refusal(parameter.refusal, parameter.location)
        return Violation(parameter.location, parameter.name, _problem(wrong), refusal)

    def _refusal(self, refusal: str | Refusal, location: str) -> str | Refusal:
        if refusal is Refusal.BY_STATUS:
            return self.default_refusal(location) or Refusal.UNDOCUMENTED
        return refusal

    def default_refusal(self, location: str) -> str | None:
        """Return the outcome for a wrong part of a request where the spec names none: by status, as far as any fits."""
        statuses = {"path": (400, 422, 404), "security": (401, 403)}.get(location, (400, 422))
        return self.first(*statuses)

    def first(self, *statuses: int) -> str | None:
        """Return the first outcome that has one of the statuses, in the order of the statuses."""
        for status in statuses:
            for name, example in self.examples.items():
                if example.outcome.status == status:
                    return name
        return None

    @cached_property
    def locations(self) -> Mapping[str, str]:
        """Where each parameter goes, credentials included: name to path, query, header or cookie."""
        credentials = {scheme.name: scheme.location for scheme in self.schemes}
        return credentials | {parameter.name: parameter.location for parameter in self.parameters}

    @cached_property
    def matchable(self) -> tuple[str, ...]:
        """The names that ``texts`` knows: parameters, credentials, and the fields of the body."""
        return (*self.locations, *(self.body.fields if self.body else ()))

    def texts(self, received: Received, name: str) -> list[str]:
        """Return the values of a parameter, a credential or a field of the body, as they came."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter.texts(received)
        for scheme in self.schemes:
            if scheme.name == name:
                credential = scheme.credential(received)
                return [] if credential is None else [credential]
        fields = received.json_fields
        return [str(fields[name])] if name in fields else []

    @cached_property
    def schemes(self) -> tuple[SecurityScheme, ...]:
        """Every security scheme that some alternative asks for."""
        return tuple(scheme for schemes in self.security for scheme in schemes)

    @cached_property
    def credential_names(self) -> tuple[str, ...]:
        """The parameters and headers that carry credentials."""
        return tuple(scheme.name for scheme in self.schemes)

    def named_by_contract(self) -> set[str]:
        """Return the outcomes that validation, authentication and the rate limit lead to."""
        refusals = {parameter.refusal for parameter in self.parameters}
        refusals |= {self.body.refusal} if self.body else set()
        refusals |= {self.rate_limit.refusal} if self.rate_limit else set()
        for scheme in self.schemes:
            refusals |= set(scheme.refusals.values())
        return {refusal for refusal in refusals if isinstance(refusal, str)}


def _problem(wrong: ValueError) -> str:
    """Return what is wrong; a message that quotes a long value is cut."""
    text = str(wrong)
    return text if len(text) <= _LONGEST_PROBLEM else f"{text[:_LONGEST_PROBLEM]}..."


def compile_operations(spec: Spec, vendor: str, mount: str = "") -> tuple[Operation, ...]:
    """Compile every operation of the document; ``mount`` is put before each path.

    Raises SpecError for a schema, an expression, a security scheme or an outcome's name that does not work out.
    """
    operations = [
        _operation(spec, vendor, mount + spec.base_path, path, method)
        for path, item in spec.data["paths"].items()
        for method in METHODS
        if method in spec.follow(item, ("paths", path))[0]
    ]
    seen: set[str] = set()
    for operation in operations:
        if operation.id in seen:
            raise spec.error(operation.place, f"the operationId {operation.id!r} is used twice", "give each its own")
        seen.add(operation.id)
    return tuple(operations)


def _operation(spec: Spec, vendor: str, mount: str, path: str, method: str) -> Operation:
    item, item_place = spec.follow(spec.data["paths"][path], ("paths", path))
    part, place = item[method], (*item_place, method)
    if "}{" in path:
        raise spec.error(place, f"the path {path} has parameters side by side", "put something between them")
    operation_id = part.get("operationId") or slug(f"{method} {path}")
    limit = part.get("x-rate-limit")
    operation = Operation(
        vendor=vendor,
        id=operation_id,
        method=method.upper(),
        path=mount + path,
        parameters=_parameters(spec, item.get("parameters", []), part.get("parameters", []), path, place),
        body=_body(spec, part, place),
        security=_security(spec, part.get("security", spec.data.get("security", [])), place),
        rate_limit=RateLimit(**limit) if limit else None,
        examples=dict(compile_outcomes(spec, (vendor, operation_id), part["responses"], (*place, "responses"))),
        place=place,
    )
    _refuse_unknown_names(spec, operation)
    unknown = sorted(operation.named_by_contract() - operation.examples.keys())
    if unknown:
        known = ", ".join(operation.examples)
        problem = f"{operation_id} refuses with {unknown[0]!r}, which none of its responses has as an example"
        raise spec.error(place, problem, f"name one of: {known}")
    return operation


def _body(spec: Spec, part: Mapping[str, Any], place: Pointer) -> Body | None:
    if "requestBody" not in part:
        return None
    return compile_request_body(spec, part["requestBody"], (*place, "requestBody"))


def _refuse_unknown_names(spec: Spec, operation: Operation) -> None:
    """Templates may speak only of parameters that the operation has: another one would never be filled."""
    for example in operation.examples.values():
        shown = spec.at(example.place)
        texts = [*shown.get("x-values", {}).values(), *map(str, shown.get("x-headers", {}).values())]
        for location, name in re.findall(r"\{\$request\.(path|query)\.([^{}]+)\}", " ".join(texts)):
            if operation.locations.get(name) != location:
                known = ", ".join(operation.locations) or "none"
                problem = f"{operation.id} has no parameter {name!r} in the {location}"
                raise spec.error(example.place, problem, f"the parameters are: {known}")


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

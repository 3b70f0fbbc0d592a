"""From a document to its operations, compiled once when a vendor is loaded."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from rescind.contract.conventions import PARAMETER, conventions_of
from rescind.contract.operations import Operation, RateLimit
from rescind.contract.outcomes import compile_outcomes, slug
from rescind.contract.parameters import compile_parameter, compile_request_body
from rescind.contract.security import compile_scheme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.document import Spec
    from rescind.contract.parameters import Body, Parameter
    from rescind.contract.security import SecurityScheme
    from rescind.documents.reading import Pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_OTHER_METHODS, _OTHER_PATHS = "x-other-methods", "x-other-paths"
_FALLBACKS = {_OTHER_METHODS: "otherMethods", _OTHER_PATHS: "otherPaths"}


def compile_operations(spec: Spec, vendor: str, mount: str = "") -> tuple[Operation, ...]:
    """Compile every operation of the document; ``mount`` is put before each path.

    Raises SpecError for a schema, an expression, a security scheme or an outcome's name that does not work out.
    """
    operations = [
        _operation(spec, vendor, mount + spec.base_path, path, method)
        for path, item in spec.data["paths"].items()
        for method in spec.follow(item, ("paths", path))[0]
        if method in METHODS
    ]
    seen: set[str] = set()
    for operation in operations:
        if operation.id in seen:
            raise spec.error(operation.place, f"the operationId {operation.id!r} is used twice", "give each its own")
        seen.add(operation.id)
    return tuple(operations)


def compile_fallbacks(spec: Spec, vendor: str, mount: str = "") -> tuple[Operation, ...]:
    """Compile what answers the other methods of each path and, with an empty path, the paths that are not known.

    Raises SpecError as ``compile_operations`` does.
    """
    fallbacks = []
    for path, item in spec.data["paths"].items():
        part, place = spec.follow(item, ("paths", path))
        stated = next((one for one in ((part, place), (spec.data, ())) if _OTHER_METHODS in one[0]), None)
        owner, owner_place = stated or ({_OTHER_METHODS: {"security": [], "responses": {}}}, place)
        if stated or "x-not-simulated" in part:
            where = _Where(mount + spec.base_path, path, _OTHER_METHODS, place)
            compiled = _compile(spec, vendor, where, owner[_OTHER_METHODS], (*owner_place, _OTHER_METHODS))
            not_simulated = {method.upper(): why for method, why in part.get("x-not-simulated", {}).items()}
            early = tuple(parameter for parameter in compiled.parameters if parameter.precedes_security)
            fallback = replace(compiled, is_fallback=True, not_simulated=not_simulated, parameters=early)
            fallbacks.append(_verified(spec, fallback))
    if _OTHER_PATHS in spec.data:
        where = _Where(mount + spec.base_path, "", _OTHER_PATHS, ())
        compiled = _compile(spec, vendor, where, spec.data[_OTHER_PATHS], (_OTHER_PATHS,))
        conventions = conventions_of(spec.data, mount + spec.base_path)
        fallbacks.append(_verified(spec, replace(compiled, is_fallback=True, path="", conventions=conventions)))
    return tuple(fallbacks)


class _Where(NamedTuple):
    """The path and the key of an operation, and the place of its path item."""

    mount: str
    path: str
    key: str
    place: Pointer


def _operation(spec: Spec, vendor: str, mount: str, path: str, method: str) -> Operation:
    item, place = spec.follow(spec.data["paths"][path], ("paths", path))
    if "}{" in path:
        raise spec.error((*place, method), f"the path {path} has parameters side by side", "put something between them")
    return _verified(spec, _compile(spec, vendor, _Where(mount, path, method, place), item[method], (*place, method)))


def _verified(spec: Spec, operation: Operation) -> Operation:
    """Return the operation. Raises SpecError if it names a parameter or an outcome that it lacks."""
    _refuse_unknown_names(spec, operation)
    unknown = sorted(operation.named_by_contract() - operation.examples.keys())
    if unknown:
        known = ", ".join(operation.examples)
        problem = f"{operation.id} refuses with {unknown[0]!r}, which none of its responses has as an example"
        raise spec.error(operation.place, problem, f"name one of: {known}")
    return operation


def _compile(spec: Spec, vendor: str, where: _Where, part: Mapping[str, Any], place: Pointer) -> Operation:
    item = spec.at(where.place) if where.path else {}
    allow = _allow(spec, item, where.place)
    operation_id = part.get("operationId") or _FALLBACKS.get(where.key) or slug(f"{where.key} {where.path}")
    limit = part.get("x-rate-limit")
    return Operation(
        vendor=vendor,
        id=operation_id,
        method="" if where.key in _FALLBACKS else where.key.upper(),
        path=where.mount + where.path,
        parameters=_parameters(spec, where, item.get("parameters", []), part.get("parameters", []), place),
        body=_body(spec, part, place),
        security=_security(spec, part.get("security", spec.data.get("security", [])), place),
        rate_limit=RateLimit(**limit) if limit else None,
        examples=dict(compile_outcomes(spec, (vendor, operation_id), part["responses"], (*place, "responses"), allow)),
        place=place,
        conventions=spec.conventions,
        allow=allow,
    )


def _allow(spec: Spec, item: Mapping[str, Any], place: Pointer) -> str:
    """Return the exact ``Allow`` header of a path: its methods, in the order of ``x-allow`` if that is there."""
    methods = {method.upper() for method in METHODS if method in item}
    if "GET" in methods and spec.conventions.has_implicit_head:
        methods.add("HEAD")
    stated: str | None = item.get("x-allow")
    if stated is not None and set(stated.split(", ")) != methods:
        remedy = f"list the methods of the path: {', '.join(sorted(methods))}"
        raise spec.error((*place, "x-allow"), f"x-allow lists {stated}, which are not the methods of the path", remedy)
    return stated or ", ".join(sorted(methods))


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


def _parameters(spec: Spec, where: _Where, common: list[Any], own: list[Any], place: Pointer) -> tuple[Parameter, ...]:
    compiled: dict[tuple[str, str], Parameter] = {}
    for above, parts in ((where.place, common), (place, own)):
        for index, part in enumerate(parts):
            parameter = compile_parameter(spec, part, (*above, "parameters", index))
            compiled[parameter.location, parameter.name] = parameter
    for name in PARAMETER.findall(where.path):
        if where.key not in _FALLBACKS and ("path", name) not in compiled:
            raise spec.error(place, f"the path parameter {name!r} is not described", "add it to parameters, in: path")
    return tuple(compiled.values())


def _security(spec: Spec, requirements: list[Any], place: Pointer) -> tuple[tuple[SecurityScheme, ...], ...]:
    alternatives = []
    for requirement in requirements:
        schemes = (compile_scheme(spec, name, (*place, "security")) for name in requirement)
        alternatives.append(tuple(scheme for scheme in schemes if scheme))
    return tuple(alternatives)

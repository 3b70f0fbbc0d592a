"""A small value that fits a schema, for documents that show no example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rescind.contract.document import Spec

_MAX_DEPTH = 4
_BY_TYPE: dict[str, Any] = {"string": "string", "boolean": True, "null": None}
_BY_FORMAT = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "email": "someone@example.com",
    "uri": "https://example.com/",
}


def sample(spec: Spec, schema: Any, depth: int = 0) -> Any:
    """Return a value that fits ``schema``, as far as types, enumerations, formats and simple bounds say."""
    schema, _ = spec.follow(schema, ())
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    for shown in ("example", "default", "const"):
        if shown in schema:
            return schema[shown]
    for shown in ("examples", "enum"):
        if schema.get(shown):
            return schema[shown][0]
    for choice in ("oneOf", "anyOf"):
        if schema.get(choice):
            return sample(spec, schema[choice][0], depth + 1)
    return _by_type(spec, schema, depth)


def _by_type(spec: Spec, schema: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema or "allOf" in schema else "null")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        whole: dict[str, Any] = {}
        for part in schema.get("allOf", ()):
            also = sample(spec, part, depth + 1)
            whole |= also if isinstance(also, dict) else {}
        wanted = schema.get("required", ()) if depth > 1 else schema.get("properties", ())
        known = {name: part for name, part in schema.get("properties", {}).items() if name in wanted}
        return whole | {name: sample(spec, part, depth + 1) for name, part in known.items()}
    if kind == "array":
        return [sample(spec, schema.get("items", {}), depth + 1)]
    if kind in {"integer", "number"}:
        return schema.get("minimum", 0)
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE.get(kind))

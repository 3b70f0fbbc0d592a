"""The catalogue: every outcome of every vendor, and for each the requests that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from rescind.contract.expressions import MISSING
from rescind.control.matching import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rescind.contract.operations import Operation
    from rescind.model import Outcome
    from rescind.vendors.vendor import Vendor

CONTROL = "/_rescind"
"""Where the control API is, below the base URL of a sandbox."""

_KINDS = ("natural", "magic", "forced")
_UNSTATED = {
    "natural": "The fixture states no requests that lead to it; use Prefer.",
    "magic": "The fixture has no magic order for it; use Prefer.",
}


def catalogue(vendors: Iterable[Vendor]) -> list[dict[str, Any]]:
    """Every outcome with its ways, as ``GET /_rescind/outcomes`` shows them.

    A way is a list of requests relative to a sandbox's base URL; run in order on a fresh sandbox, the last one gives
    the outcome.
    """
    return [
        _entry(vendor, operation, example.outcome)
        for vendor in vendors
        for operation in vendor.operations.values()
        for example in operation.examples.values()
    ]


def plain_request(vendor: Vendor, operation: Operation) -> dict[str, Any]:
    """The request that an operation is usually called with: the fixture's, else what the spec's examples show."""
    return _request(vendor, operation, {}, MISSING)


def _entry(vendor: Vendor, operation: Operation, outcome: Outcome) -> dict[str, Any]:
    ways = _ways(vendor, operation, outcome)
    entry = {
        "id": outcome.id,
        "vendor": outcome.vendor,
        "operation": outcome.operation,
        "outcome": outcome.name,
        "status": outcome.status,
        "description": outcome.description,
        "provenance": {"mark": outcome.provenance.mark, "source": outcome.provenance.source},
        "ways": ways,
    }
    absent = {kind: outcome.why_absent.get(kind, _UNSTATED[kind]) for kind in _KINDS if kind not in ways}
    return entry | ({"why_absent": absent} if absent else {})


def _ways(vendor: Vendor, operation: Operation, outcome: Outcome) -> dict[str, list[dict[str, Any]]]:
    stated = vendor.fixture.ways.get(operation.id, {}).get("outcomes", {}).get(outcome.name, {})
    ways: dict[str, list[dict[str, Any]]] = {}
    for kind in ("natural", "magic"):
        steps = stated.get(kind)
        if steps:
            steps = stated["natural"] if steps == "natural" else steps
            ways[kind] = [request for step in steps for request in _step(vendor, operation, step)]
    forced = plain_request(vendor, operation)
    ways["forced"] = [forced | {"headers": forced.get("headers", {}) | {"Prefer": f"example={outcome.name}"}}]
    return ways


def _step(vendor: Vendor, operation: Operation, step: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "control" in step:
        method, path = step["control"].split(" ")
        request = {"method": method, "path": CONTROL + path}
        request |= {"json": step["json"]} if "json" in step else {}
    else:
        called = vendor.operations[step.get("operation", operation.id)]
        request = _request(vendor, called, step["parameters"], step.get("json", MISSING))
    return [request] * step["times"]


def _request(vendor: Vendor, operation: Operation, changes: Mapping[str, Any], json: Any) -> dict[str, Any]:
    stated = vendor.fixture.ways.get(operation.id, {})
    values = _shown(vendor, operation) | stated.get("request", {}) | changes
    path = operation.path
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    for name, value in values.items():
        location = operation.locations[name]
        if location == "path":
            path = path.replace(f"{{{name}}}", quote(_text(value), safe=""))
        elif value is not None and location == "query":
            query[name] = _text(value)
        elif value is not None:
            headers |= {name: _text(value)} if location == "header" else {"Cookie": f"{name}={_text(value)}"}
    body = json if json is not MISSING else stated.get("json", operation.body.example if operation.body else MISSING)
    parameters = {name: _text(value) for name, value in values.items() if value is not None}
    request: dict[str, Any] = {
        "method": operation.method,
        "path": path + (f"?{urlencode(query)}" if query else ""),
        "parameters": parameters,
    }
    return request | ({"headers": headers} if headers else {}) | ({"json": body} if body is not MISSING else {})


def _shown(vendor: Vendor, operation: Operation) -> dict[str, Any]:
    """The required parameters with the values that the spec shows, and a credential of the fixture."""
    shown: dict[str, Any] = {
        parameter.name: parameter.example for parameter in operation.parameters if parameter.required
    }
    credentials = vendor.fixture.seeds.collections.get("credentials", {"token": {}})
    for scheme in next(iter(operation.security), ()):
        shown[scheme.name] = scheme.written(next(iter(credentials), ""))
    return shown


def _text(value: Any) -> str:
    return ",".join(map(as_text, value)) if isinstance(value, list) else as_text(value)

"""The catalogue: every outcome of every vendor, and for each the requests that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, TypedDict
from urllib.parse import quote, urlencode

from rescind.contract.expressions import MISSING
from rescind.control.matching import url_text
from rescind.model import CONTROL_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rescind.contract.operations import Operation
    from rescind.model import Evidence, Outcome, Provenance
    from rescind.rules.vendor import Vendor


class WayRequest(TypedDict):
    """One request of a way, relative to a sandbox's base URL; ``parameters`` names what its path and query carry."""

    method: str
    path: str
    parameters: NotRequired[dict[str, str]]
    headers: NotRequired[dict[str, str]]
    json: NotRequired[Any]


Way = list[WayRequest]
"""Requests that, run in order on a fresh sandbox, lead to an outcome with the last one."""


class Source(TypedDict):
    """What is cited."""

    title: str
    url: str


class EvidenceView(TypedDict):
    """Where a part of an outcome is known from; ``summary`` has the mark and the initial of the confidence."""

    summary: str
    mark: str
    source: Source | None
    confidence: str | None
    note: str | None


class ProvenanceView(TypedDict):
    """Where an outcome is known from.

    ``mark`` is the weakest of its parts, ``source`` cites those of all, ``summary`` has their marks and confidences.
    """

    mark: str
    source: str
    summary: str
    status: EvidenceView
    reason: EvidenceView
    text: EvidenceView | None


class OutcomeFacts(TypedDict):
    """What an outcome is."""

    id: str
    vendor: str
    operation: str
    outcome: str
    status: int
    description: str


class CatalogueEntry(OutcomeFacts):
    """An outcome with its ways by kind, natural, magic or forced, as ``GET /_rescind/outcomes`` shows it."""

    provenance: ProvenanceView
    ways: dict[str, Way]
    why_absent: NotRequired[dict[str, str]]


_KINDS = ("natural", "magic", "forced")
_UNSTATED = {
    "natural": "The fixture states no requests that lead to it; use Prefer.",
    "magic": "The fixture has no magic order for it; use Prefer.",
}


def catalogue(vendors: Iterable[Vendor]) -> list[CatalogueEntry]:
    """Return every outcome of the vendors with its ways."""
    return [
        _entry(vendor, operation, example.outcome)
        for vendor in vendors
        for operation in vendor.operations.values()
        for example in operation.examples.values()
    ]


def plain_request(vendor: Vendor, operation: Operation, changes: Mapping[str, Any] | None = None) -> WayRequest:
    """Return the request that an operation is usually called with: the fixture's, else that of the spec's examples.

    ``changes`` are parameters that differ; None leaves one out.
    """
    return _request(vendor, operation, changes or {}, MISSING)


def _entry(vendor: Vendor, operation: Operation, outcome: Outcome) -> CatalogueEntry:
    ways = ways_of(vendor, operation, outcome)
    entry = CatalogueEntry(
        id=outcome.id,
        vendor=outcome.vendor,
        operation=outcome.operation,
        outcome=outcome.name,
        status=outcome.status,
        description=outcome.description,
        provenance=_provenance(outcome.provenance),
        ways=ways,
    )
    absent = {kind: outcome.why_absent.get(kind, _UNSTATED[kind]) for kind in _KINDS if kind not in ways}
    if absent:
        entry["why_absent"] = absent
    return entry


def _provenance(provenance: Provenance) -> ProvenanceView:
    return {
        "mark": provenance.mark,
        "source": provenance.source,
        "summary": str(provenance),
        "status": _evidence(provenance.status),
        "reason": _evidence(provenance.reason),
        "text": _evidence(provenance.text) if provenance.text else None,
    }


def _evidence(evidence: Evidence) -> EvidenceView:
    source: Source | None = {"title": evidence.title, "url": evidence.url} if evidence.title else None
    return {
        "summary": str(evidence),
        "mark": evidence.mark,
        "source": source,
        "confidence": evidence.confidence or None,
        "note": evidence.note or None,
    }


def ways_of(vendor: Vendor, operation: Operation, outcome: Outcome) -> dict[str, Way]:
    """Return the ways to an outcome, by kind."""
    stated = vendor.fixture.ways.get(operation.id, {}).get("outcomes", {}).get(outcome.name, {})
    ways: dict[str, Way] = {}
    for kind in ("natural", "magic"):
        steps = stated.get(kind)
        if steps:
            steps = stated["natural"] if steps == "natural" else steps
            ways[kind] = [request for step in steps for request in _step(vendor, operation, step)]
    forced = plain_request(vendor, operation)
    forced["headers"] = forced.get("headers", {}) | {"Prefer": f"example={outcome.name}"}
    ways["forced"] = [forced]
    return ways


def _step(vendor: Vendor, operation: Operation, step: Mapping[str, Any]) -> Way:
    if "control" in step:
        method, path = step["control"].split(" ")
        request = WayRequest(method=method, path=CONTROL_PREFIX + path)
        if "json" in step:
            request["json"] = step["json"]
    else:
        called = vendor.operations[step.get("operation", operation.id)]
        request = _request(vendor, called, step["parameters"], step.get("json", MISSING))
        request["path"] = step.get("path", request["path"])
        if step.get("headers"):
            request["headers"] = request.get("headers", {}) | step["headers"]
    return [request] * step["times"]


def _request(vendor: Vendor, operation: Operation, changes: Mapping[str, Any], json: Any) -> WayRequest:
    stated = vendor.fixture.ways.get(operation.id, {})
    values = _example_values(vendor, operation) | stated.get("request", {}) | changes
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
    request = WayRequest(
        method=operation.method,
        path=path + (f"?{urlencode(query)}" if query else ""),
        parameters={name: _text(value) for name, value in values.items() if value is not None},
    )
    if headers:
        request["headers"] = headers
    if body is not MISSING:
        request["json"] = body
    return request


def _example_values(vendor: Vendor, operation: Operation) -> dict[str, Any]:
    """Return the required parameters with the spec's example values, and a credential of the fixture."""
    values: dict[str, Any] = {one.name: one.example for one in operation.parameters if one.required}
    credentials = vendor.fixture.seeds.collections.get("credentials", {"token": {}})
    for scheme in next(iter(operation.security), ()):
        values[scheme.name] = scheme.written(next(iter(credentials), ""))
    return values


def _text(value: Any) -> str:
    return ",".join(map(url_text, value)) if isinstance(value, list) else url_text(value)

"""How a vendor behaves for which nobody wrote rules: what its document suggests.

A DELETE or GET of one resource is stateful: an unknown one is a 404, and a deletion succeeds once. Every other
operation answers with its first documented success. Without a fixture, what the document's examples name exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rescind.contract.replies import compile_example
from rescind.model import Answer, Evidence, Outcome, Provenance
from rescind.rules.call import Call, Rules, magic_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rescind.contract.operations import Operation
    from rescind.contract.parameters import Parameter
    from rescind.model import Record

    Collections = Mapping[str, Mapping[str, Record]]

_STATEFUL = {"DELETE", "GET"}
_NOWHERE = Evidence("assumed", "the document names no such answer")
_UNDOCUMENTED = Provenance(_NOWHERE, _NOWHERE, None)


@dataclass(frozen=True)
class Resource:
    """The one thing that an operation is about: the collection that it is in, the parameter that identifies it."""

    collection: str
    parameter: Parameter


def completed(operation: Operation) -> Operation:
    """Add an outcome for success and one for an unknown resource, where the document names none."""
    if operation.method not in _STATEFUL or _identifier(operation) is None:
        return operation
    examples = dict(operation.examples)
    if _gone(operation) is None:
        examples["not_found"] = _made_up(operation, "not_found", HTTPStatus.NOT_FOUND)
    if _success(operation) is None:
        examples["no_content"] = _made_up(operation, "no_content", HTTPStatus.NO_CONTENT)
    return replace(operation, examples=examples)


def example_records(operations: Iterable[Operation]) -> Collections:
    """Return the records that exist without a fixture: those that the document's examples name."""
    collections: dict[str, dict[str, Record]] = {}
    for operation in operations:
        resource = _resource(operation, {})
        if resource:
            identifier = str(resource.parameter.example)
            owners = {one.name: str(one.example) for one in _owners(operation, resource)}
            collections.setdefault(resource.collection, {})[identifier] = {**owners, "id": identifier}
    return collections


def rules_for(operation: Operation, collections: Collections) -> Rules:
    """Return the rules that the operation's method and path suggest; ``collections`` are those of the fixture."""
    success = _success(operation) or next(iter(operation.examples))
    resource, gone = _resource(operation, collections), _gone(operation)
    if resource is None or gone is None:
        return Rules((), lambda _: Answer(success), (success,))
    return _rules_for_one(operation, resource, success, gone)


def ways_of(operation: Operation, collections: Collections) -> dict[str, Any]:
    """Return the natural ways to the outcomes of an operation, as a fixture would state them."""
    resource, success, gone = _resource(operation, collections), _success(operation), _gone(operation)
    step: dict[str, Any] = {"parameters": {}, "times": 1}
    if resource is None or success is None or gone is None:
        return {"request": {}, "outcomes": {success: {"natural": [step]}} if success else {}}
    records = collections.get(resource.collection, {}).values()
    known = next((record["id"] for record in records if "magic" not in record), None)
    absent = {**step, "parameters": {resource.parameter.name: _other(resource.parameter.example)}}
    outcomes = {success: {"natural": [step]}} if known else {}
    again = [{**step, "times": 2}] if known and operation.method == "DELETE" else [absent]
    return {
        "request": {resource.parameter.name: known} if known else {},
        "outcomes": outcomes | {gone: {"natural": again}},
    }


def _resource(operation: Operation, collections: Collections) -> Resource | None:
    parameter = _identifier(operation)
    if operation.method not in _STATEFUL or parameter is None:
        return None
    literals = [segment for segment in operation.path.split("/") if segment and "{" not in segment]
    named = literals[-1] if literals else "orders"
    others = [name for name in collections if name != "credentials"]
    return Resource(others[0] if named not in others and len(others) == 1 else named, parameter)


def _identifier(operation: Operation) -> Parameter | None:
    """Return the last parameter of the path, else the first of the query that is named like an identifier."""
    in_path = {one.name: one for one in operation.parameters if one.location == "path"}
    names = re.findall(r"\{([^{}]+)\}", operation.path)
    if names:
        return in_path[names[-1]]
    in_query = (one for one in operation.parameters if one.location == "query")
    return next((one for one in in_query if one.name.lower().endswith("id")), None)


def _owners(operation: Operation, resource: Resource) -> list[Parameter]:
    """Return the path parameters of the owner: a record that has such fields must agree with them."""
    return [one for one in operation.parameters if one.location == "path" and one is not resource.parameter]


def _success(operation: Operation) -> str | None:
    return operation.first(*range(200, 400))


def _gone(operation: Operation) -> str | None:
    return operation.first(HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def _made_up(operation: Operation, name: str, status: HTTPStatus) -> Any:
    outcome = Outcome(operation.vendor, operation.id, name, status, status.phrase, _UNDOCUMENTED, {})
    return compile_example(outcome, None, None, {}, {})


def _other(example: Any) -> Any:
    """Return an identifier of the same kind that no record has."""
    return 999_999_999 if isinstance(example, int) else f"{str(example)[:-3]}999"


def _rules_for_one(operation: Operation, resource: Resource, success: str, gone: str) -> Rules:
    class OneResource(Call):
        def find_order(self) -> Record | None:
            record = self.world.get(resource.collection, str(self.parameters.get(resource.parameter.name)))
            owners = {one.name: str(self.parameters.get(one.name)) for one in _owners(operation, resource)}
            return record if record and all(str(record.get(name, it)) == it for name, it in owners.items()) else None

    def unknown(call: Call) -> Answer | None:
        return None if call.order else Answer(gone)

    def effect(call: Call) -> Answer:
        if operation.method == "DELETE":
            call.world.remove(resource.collection, call.order)
        return Answer(success, {"order": call.order})

    refusals: tuple[Callable[[Call], Answer | None], ...] = (unknown, magic_order)
    return Rules(refusals, effect, (success, gone), OneResource)

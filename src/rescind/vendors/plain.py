"""How an operation behaves for which nobody wrote rules: what its method and its document suggest.

A DELETE or GET of one thing (a path that ends in a parameter) is stateful: unknown gives the documented 404, a deletion
succeeds once and gives 404 from then on. Every other operation gives its first documented success.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.contract.expressions import MISSING
from rescind.errors import Finding, SpecError
from rescind.model import Answer
from rescind.vendors.rules import Call, Rules, magic_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rescind.contract.operations import Operation
    from rescind.model import Record

_ONE_THING = re.compile(r"([^/{}]+)/\{([^/{}]+)\}/?$")
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def rules_for(operation: Operation, file: str) -> Rules:
    """The rules that the operation's method and document suggest.

    Raises SpecError for an operation that documents no answer that could be its success.
    """
    success = operation.first(*range(200, 400)) or next(iter(operation.examples))
    thing = _ONE_THING.search(operation.path)
    gone = operation.first(*_GONE)
    if not thing or operation.method not in {"DELETE", "GET"}:
        return Rules((), lambda _: Answer(success), (success,))
    if operation.method == "DELETE" and gone is None:
        problem = f"{operation.id} documents neither a 404 nor a 410, so a second deletion has no answer"
        raise SpecError([Finding(file, 0, 0, problem, "document a 404, or write rules for this vendor")])
    return _rules_for_one(operation, thing.group(1), thing.group(2), success, gone)


def seeded_by_examples(operations: Sequence[Operation]) -> Mapping[str, Mapping[str, Record]]:
    """Things that exist without a fixture: those that the examples of path parameters name."""
    collections: dict[str, dict[str, Record]] = {}
    for operation in operations:
        thing = _ONE_THING.search(operation.path)
        if thing:
            for parameter in operation.parameters:
                if parameter.name == thing.group(2) and parameter.example is not MISSING:
                    identifier = str(parameter.example)
                    collections.setdefault(thing.group(1), {})[identifier] = {"id": identifier}
    return collections


def _rules_for_one(operation: Operation, collection: str, parameter: str, success: str, gone: str | None) -> Rules:
    class OneThing(Call):
        def find_order(self) -> Record | None:
            return self.world.get(collection, self.received.path[parameter])

    def unknown(call: Call) -> Answer | None:
        return None if call.order or gone is None else Answer(gone)

    def effect(call: Call) -> Answer:
        if operation.method == "DELETE":
            call.world.remove(collection, call.order)
        return Answer(success, {"order": call.order})

    refusals: tuple[Callable[[Call], Answer | None], ...] = (unknown, magic_order)
    return Rules(refusals, effect, (success, *filter(None, [gone])), OneThing)

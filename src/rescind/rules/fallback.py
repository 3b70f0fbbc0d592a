"""What answers a method that a path does not have, and a path that a vendor does not have."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.model import Answer
from rescind.rules.call import Call, Rules

if TYPE_CHECKING:
    from rescind.contract.operations import Operation


def refuse_method(call: Call) -> Answer:
    """Answer that the path has no such method; OPTIONS may have an answer of its own."""
    operation = call.operation
    options = (
        operation.first(HTTPStatus.OK, HTTPStatus.NO_CONTENT) if call.received.request.method == "OPTIONS" else None
    )
    refusal = options or operation.first(HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_FOUND)
    return Answer(refusal or next(iter(operation.examples)))


def refuse_path(call: Call) -> Answer:
    """Answer that the vendor has no such path."""
    return Answer(call.operation.first(HTTPStatus.NOT_FOUND) or next(iter(call.operation.examples)))


_FOR_METHODS, _FOR_PATHS = Rules((), refuse_method, ()), Rules((), refuse_path, ())


def rules_of(fallback: Operation) -> Rules:
    """Return the rules of a fallback: that of one path, or that of the paths which are not known."""
    return _FOR_METHODS if fallback.path else _FOR_PATHS

"""The ``Prefer`` header (RFC 7240), by which a client chooses an outcome or a fault: ``code=429``, ``fault=hang``."""

from __future__ import annotations

import difflib
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from rescind.control.faults import FAULTS
from rescind.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.operations import Operation

_OURS = ("code", "example", "fault")
# https://www.iana.org/assignments/preferences: they are not ours, so they are ignored, as RFC 7240 says.
_FOREIGN = {"respond-async", "return", "wait", "handling", "depth-noroot", "safe", "transclude", "dynamic"}


class Preference(NamedTuple):
    """The outcome and the fault that the client chose, as far as it did, and the words in which it chose them."""

    outcome: str | None
    fault: str | None
    words: Mapping[str, str]

    def applied(self, outcome: str | None, fault: str | None) -> str:
        """Return what ``Preference-Applied`` says if only these parts of the preference are applied."""
        names = [*(("code", "example") if outcome is not None else ()), *(("fault",) if fault is not None else ())]
        return ", ".join(f"{name}={self.words[name]}" for name in names if name in self.words)


def preferred(operation: Operation, header: str) -> Preference | None:
    """Parse what a ``Prefer`` header chooses; None if it chooses nothing of ours.

    Raises Problem if the operation has no such outcome, or there is no such fault: a typo must not pass silently.
    """
    chosen = dict(reversed([_parse(part) for part in header.split(",")]))
    for name in chosen:
        if name not in _OURS and name not in _FOREIGN and difflib.get_close_matches(name, _OURS, cutoff=0.6):
            raise _refusal(operation, f"Prefer: unknown preference {name!r}")
    if not chosen.keys() & set(_OURS):
        return None
    names = [
        name
        for name, example in operation.examples.items()
        if chosen.get("example", name) == name
        and chosen.get("code", str(example.outcome.status)) == str(example.outcome.status)
    ]
    words = {name: chosen[name] for name in _OURS if name in chosen}
    if not names:
        asked = ", ".join(f"{name}={value}" for name, value in words.items())
        raise _refusal(operation, f"Prefer: {operation.id} has no outcome with {asked}")
    fault = chosen.get("fault")
    if fault is not None and fault not in FAULTS:
        raise _refusal(operation, f"Prefer: unknown fault {fault!r}")
    return Preference(names[0] if {"code", "example"} & chosen.keys() else None, fault, words)


def _parse(part: str) -> tuple[str, str]:
    name, _, value = part.partition(";")[0].partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _refusal(operation: Operation, detail: str) -> Problem:
    known = [{"example": name, "code": example.outcome.status} for name, example in operation.examples.items()]
    remedy = "write Prefer: code=STATUS, example=NAME or fault=NAME with one of those listed"
    return Problem(HTTPStatus.BAD_REQUEST, detail, remedy, outcomes=known, faults=list(FAULTS))

"""Counting: which documented outcomes a sandbox's clients have met, and which never."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from rescind.coverage.catalogue import OutcomeFacts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rescind.contract.operations import Operation
    from rescind.coverage.catalogue import CatalogueEntry, Way
    from rescind.model import Decision
    from rescind.store import Transaction

_NATURAL, _FORCED = "coverage-natural", "coverage-forced"


class Tally(TypedDict):
    """How many outcomes there are, how many were met, and the share in percent."""

    outcomes: int
    met: int
    percent: float


class OutcomeReport(OutcomeFacts):
    """An outcome, how often it was met, and a way to meet it; ``provenance`` is the weakest mark of ``known_from``."""

    provenance: str
    known_from: str
    natural: int
    forced: int
    met: bool
    way: Way


class OperationReport(TypedDict):
    """The outcomes of one operation."""

    vendor: str
    operation: str
    outcomes_total: int
    met: int
    percent: float
    outcomes: list[OutcomeReport]


class Report(TypedDict):
    """What was met: in all, by provenance, by vendor and operation; ``missed`` are the ids of the rest."""

    total: Tally
    provenance: dict[str, Tally]
    operations: list[OperationReport]
    missed: list[str]


def count(transaction: Transaction, operation: Operation, decision: Decision) -> None:
    """Count one meeting of an outcome."""
    if decision.outcome is not None and not operation.is_fallback:
        table = _FORCED if decision.is_forced else _NATURAL
        transaction.add(table, operation.examples[decision.outcome].outcome.id)


def report(
    transaction: Transaction,
    catalogue: Iterable[CatalogueEntry],
    vendors: Collection[str] = (),
    operations: Collection[str] = (),
    ignored: Collection[str] = (),
) -> Report:
    """Report what was met of the catalogue, without ``ignored`` outcomes.

    Only of some vendors or of some operations, such as ``VENDOR.OPERATION``, if any are named.
    """
    natural, forced = transaction.rows(_NATURAL), transaction.rows(_FORCED)
    outcomes = [
        _outcome_report(entry, natural.get(entry["id"], 0), forced.get(entry["id"], 0))
        for entry in catalogue
        if entry["id"] not in ignored
        and (not vendors or entry["vendor"] in vendors)
        and (not operations or operation_of(entry) in operations)
    ]
    return summarise(outcomes)


def operation_of(entry: OutcomeFacts) -> str:
    """Return the operation of an outcome, with its vendor."""
    return f"{entry['vendor']}.{entry['operation']}"


def summarise(outcomes: Sequence[OutcomeReport]) -> Report:
    """Report on these outcomes."""
    operations: dict[tuple[str, str], list[OutcomeReport]] = {}
    for outcome in outcomes:
        operations.setdefault((outcome["vendor"], outcome["operation"]), []).append(outcome)
    marks = dict.fromkeys(outcome["provenance"] for outcome in outcomes)
    return {
        "total": _tally(outcomes),
        "provenance": {mark: _tally([one for one in outcomes if one["provenance"] == mark]) for mark in marks},
        "operations": [_operation(*names, group) for names, group in operations.items()],
        "missed": [outcome["id"] for outcome in outcomes if not outcome["met"]],
    }


def _outcome_report(entry: CatalogueEntry, natural: int, forced: int) -> OutcomeReport:
    ways = entry["ways"]
    return {
        "id": entry["id"],
        "vendor": entry["vendor"],
        "operation": entry["operation"],
        "outcome": entry["outcome"],
        "status": entry["status"],
        "description": entry["description"],
        "provenance": entry["provenance"]["mark"],
        "known_from": entry["provenance"]["summary"],
        "natural": natural,
        "forced": forced,
        "met": natural + forced > 0,
        "way": ways.get("magic") or ways.get("natural") or ways["forced"],
    }


def _operation(vendor: str, operation: str, outcomes: list[OutcomeReport]) -> OperationReport:
    tally = _tally(outcomes)
    return {
        "vendor": vendor,
        "operation": operation,
        "outcomes_total": tally["outcomes"],
        "met": tally["met"],
        "percent": tally["percent"],
        "outcomes": outcomes,
    }


def _tally(outcomes: Sequence[Mapping[str, object]]) -> Tally:
    met = sum(bool(outcome["met"]) for outcome in outcomes)
    percent = round(100 * met / len(outcomes), 1) if outcomes else 100.0
    return {"outcomes": len(outcomes), "met": met, "percent": percent}

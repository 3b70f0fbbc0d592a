"""Coverage: which documented outcomes a sandbox's clients have met, and which never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rescind.contract.operations import Operation
    from rescind.model import Answer
    from rescind.store import Transaction

NATURAL, FORCED = "coverage-natural", "coverage-forced"


def count(transaction: Transaction, operation: Operation, answer: Answer, *, forced: bool) -> None:
    """Count one meeting of an outcome."""
    if answer.outcome:
        transaction.add(FORCED if forced else NATURAL, operation.examples[answer.outcome].outcome.id)


def report(
    transaction: Transaction,
    catalogue: Iterable[Mapping[str, Any]],
    vendors: Collection[str] = (),
    ignored: Collection[str] = (),
) -> dict[str, Any]:
    """What was met of the catalogue, see ``summarise``; ``ignored`` outcomes are left out."""
    natural, forced = transaction.rows(NATURAL), transaction.rows(FORCED)
    outcomes = [
        _outcome(entry, natural.get(entry["id"], 0), forced.get(entry["id"], 0))
        for entry in catalogue
        if entry["id"] not in ignored and (not vendors or entry["vendor"] in vendors)
    ]
    return summarise(outcomes)


def summarise(outcomes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What was met of the outcomes: in all, by provenance, by vendor and operation."""
    operations: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for outcome in outcomes:
        operations.setdefault((outcome["vendor"], outcome["operation"]), []).append(outcome)
    marks = dict.fromkeys(outcome["provenance"] for outcome in outcomes)
    return {
        "total": _tally(outcomes),
        "provenance": {mark: _tally([one for one in outcomes if one["provenance"] == mark]) for mark in marks},
        "operations": [
            {"vendor": vendor, "operation": operation, **_group(group)}
            for (vendor, operation), group in operations.items()
        ],
        "missed": [outcome["id"] for outcome in outcomes if not outcome["met"]],
    }


def _outcome(entry: Mapping[str, Any], natural: int, forced: int) -> dict[str, Any]:
    ways = entry["ways"]
    return {
        "id": entry["id"],
        "vendor": entry["vendor"],
        "operation": entry["operation"],
        "outcome": entry["outcome"],
        "status": entry["status"],
        "description": entry["description"],
        "provenance": entry["provenance"]["mark"],
        "natural": natural,
        "forced": forced,
        "met": natural + forced > 0,
        "way": ways.get("magic") or ways.get("natural") or ways["forced"],
    }


def _group(outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    tally = _tally(outcomes)
    return {"outcomes_total": tally["outcomes"], "met": tally["met"], "percent": tally["percent"], "outcomes": outcomes}


def _tally(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    met = sum(outcome["met"] for outcome in outcomes)
    percent = round(100 * met / len(outcomes), 1) if outcomes else 100.0
    return {"outcomes": len(outcomes), "met": met, "percent": percent}

"""The certificate of a client: the verdicts on all scenarios, and what follows from them."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from rescind import __version__
from rescind.certify.verdict import FAILED, NOT_MET, RESULTS, result_of
from rescind.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rescind.certify.verdict import Finding, TrialVerdict

Known = frozenset[tuple[str, str]]
"""Findings of a baseline: scenario and requirement."""


class Certificate(TypedDict):
    """The result of a plan. ``verdict`` says it in words, ``certified`` decides the exit code.

    ``counts`` has the number of scenarios by result, without known findings. ``total`` is how many scenarios were to be
    run, of the ``planned`` ones that the vendor has; ``unfinished`` says why not all of them were.
    """

    vendor: str
    command: str
    version: str
    verdict: str
    certified: bool
    counts: dict[str, int]
    total: int
    planned: int
    seconds: float
    unfinished: str | None
    scenarios: list[TrialVerdict]


class PlanResult(NamedTuple):
    """The verdicts on the scenarios that were run, and of how many; ``repeat`` are the words that run one again."""

    verdicts: list[TrialVerdict]
    total: int
    planned: int
    seconds: float
    repeat: Sequence[str]
    unfinished: str | None = None


def certify(vendor: str, command: Sequence[str], result: PlanResult, known: Known = frozenset()) -> Certificate:
    """Make the certificate from the verdicts."""
    verdicts = [_marked(one, known, result.repeat, command) for one in result.verdicts]
    counts = {name: sum(one["result"] == name for one in verdicts) for name in RESULTS}
    unfinished = result.unfinished or ("scenarios are missing" if len(verdicts) < result.total else None)
    verdict, certified = _conclusion(verdicts, counts, unfinished, result)
    return {
        "vendor": vendor,
        "command": shlex.join(command),
        "version": __version__,
        "verdict": verdict,
        "certified": certified,
        "counts": counts,
        "total": result.total,
        "planned": result.planned,
        "seconds": round(result.seconds, 1),
        "unfinished": unfinished,
        "scenarios": verdicts,
    }


def read_baseline(path: Path, vendor: str) -> Known:
    """Read the findings of an earlier report in JSON. Raises SettingsError if it is not one on this vendor."""
    try:
        report: Any = json.loads(path.read_text(encoding="utf-8"))
        if report["vendor"] != vendor:
            raise SettingsError(f"invalid baseline {path}: it is about {report['vendor']}, not about {vendor}")
        return frozenset(
            (one["scenario"]["id"], finding["requirement"])
            for one in report["scenarios"]
            for finding in one["findings"]
        )
    except OSError as failure:
        raise SettingsError(f"cannot read the baseline {path}: {failure.strerror}") from None
    except (ValueError, KeyError, TypeError):
        remedy = "write one with --format json --output FILE"
        raise SettingsError(f"invalid baseline {path}: not a JSON report of rescind certify; {remedy}") from None


def _marked(verdict: TrialVerdict, known: Known, repeat: Sequence[str], command: Sequence[str]) -> TrialVerdict:
    """Return a verdict whose known findings are marked and do not count, with the command that repeats it."""
    scenario = verdict["scenario"]["id"]
    findings: list[Finding] = [
        {**one, "known": True} if (scenario, one["requirement"]) in known else one for one in verdict["findings"]
    ]
    marked: TrialVerdict = {**verdict, "findings": findings, "result": result_of(findings, was_met=verdict["was_met"])}
    if findings:
        marked["repeat"] = shlex.join([*repeat, "--only", scenario, "--keep", "--", *command])
    return marked


def _conclusion(
    verdicts: list[TrialVerdict], counts: dict[str, int], unfinished: str | None, result: PlanResult
) -> tuple[str, bool]:
    """Return the verdict in words, and whether the client is certified."""
    if counts[FAILED]:
        return "not certified", False
    if unfinished:
        return f"not certified: the plan was not finished ({unfinished})", False
    if counts[NOT_MET] == len(verdicts) and not any(one["findings"] for one in verdicts):
        return "not certified: the client was in none of the situations", False
    if not any(call["took_effect"] for one in verdicts for call in one["calls"]) and result.total == result.planned:
        return "not certified: the client never deleted an order", False
    left = {finding["requirement"] for one in verdicts for finding in one["findings"] if not finding.get("known")}
    if not left:
        return "certified", True
    return f"certified with {len(left)} recommendation{'s' if len(left) > 1 else ''}", True

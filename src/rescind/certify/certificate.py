"""The certificate of a client: the verdicts on all scenarios, and what follows from them."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from rescind import __version__
from rescind.certify.requirements import requirements
from rescind.certify.verdict import NOT_MET, RESULTS
from rescind.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rescind.certify.verdict import Finding, Verdict

Known = frozenset[tuple[str, str]]
"""Findings that a baseline has: scenario and requirement."""


class Certificate(TypedDict):
    """The result of a plan. ``verdict`` says it in words, ``certified`` decides the exit code.

    ``unfinished`` says why not every scenario was tried; ``total`` is how many there are. ``known`` are the
    findings that a baseline has, as ``SCENARIO REQUIREMENT``, which do not count.
    """

    vendor: str
    command: str
    version: str
    verdict: str
    certified: bool
    counts: dict[str, int]
    total: int
    seconds: float
    unfinished: str | None
    known: list[str]
    scenarios: list[Verdict]


class Course(NamedTuple):
    """How a plan went: the verdicts, of how many scenarios, in which time, and why not of all."""

    verdicts: list[Verdict]
    total: int
    seconds: float
    unfinished: str | None = None


def certify(vendor: str, command: Sequence[str], course: Course, known: Known = frozenset()) -> Certificate:
    """Draw the conclusion from how a plan went."""
    verdicts, total, seconds, unfinished = course
    counts = {result: sum(one["result"] == result for one in verdicts) for result in RESULTS}
    new = [finding for scenario, finding in _findings(verdicts) if (scenario, finding["requirement"]) not in known]
    verdict, certified = _conclusion(new, counts, unfinished)
    return {
        "vendor": vendor,
        "command": shlex.join(command),
        "version": __version__,
        "verdict": verdict,
        "certified": certified,
        "counts": counts,
        "total": total,
        "seconds": round(seconds, 1),
        "unfinished": unfinished,
        "known": sorted(
            f"{scenario} {finding['requirement']}"
            for scenario, finding in _findings(verdicts)
            if (scenario, finding["requirement"]) in known
        ),
        "scenarios": [
            {**one, "repeat": _repeat(vendor, command, one["scenario"]["id"])} if one["findings"] else one
            for one in verdicts
        ],
    }


def read_baseline(path: Path) -> Known:
    """Read the findings of an earlier report in JSON. Raises SettingsError for a file that is none."""
    try:
        report: Any = json.loads(path.read_text())
        return frozenset((scenario, finding["requirement"]) for scenario, finding in _findings(report["scenarios"]))
    except OSError as failure:
        raise SettingsError(f"cannot read the baseline {path}: {failure.strerror}") from None
    except (ValueError, KeyError, TypeError):
        remedy = "write one with --format json --output FILE"
        raise SettingsError(f"invalid baseline {path}: it is no report of rescind certify in JSON; {remedy}") from None


def _findings(verdicts: Iterable[Verdict]) -> Iterable[tuple[str, Finding]]:
    return ((one["scenario"]["id"], finding) for one in verdicts for finding in one["findings"])


def _conclusion(new: list[Finding], counts: dict[str, int], unfinished: str | None) -> tuple[str, bool]:
    """Return the verdict in words, and whether the client is certified."""
    musts = {requirement.name for requirement in requirements() if requirement.is_must}
    broken = {finding["requirement"] for finding in new}
    if broken & musts:
        return "not certified", False
    if unfinished:
        return f"not certified: the plan was not finished ({unfinished})", False
    if sum(counts.values()) == counts[NOT_MET]:
        return "not certified: the client was in none of the situations", False
    left = len(broken - musts)
    if not left:
        return "certified", True
    return f"certified with {left} recommendation{'s' if left > 1 else ''}", True


def _repeat(vendor: str, command: Sequence[str], scenario: str) -> str:
    return shlex.join(["rescind", "certify", "--vendor", vendor, "--only", scenario, "--keep", "--", *command])

"""The verdict on one trial: what it broke, with the evidence, in a form that every report and client can use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from rescind.certify.calls import meets
from rescind.certify.requirements import MUST, breaches
from rescind.certify.scenarios import ScenarioView, view
from rescind.certify.secrecy import secret_values
from rescind.control.masking import mask_request
from rescind.control.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rescind.certify.calls import ClientCall
    from rescind.certify.musts import Breach
    from rescind.certify.requirements import Requirement
    from rescind.certify.runs import Run
    from rescind.certify.trial import Trial
    from rescind.coverage.catalogue import Source

_MOST_CALLS = 200
"""How many calls of a trial a verdict shows."""

PASSED, RECOMMENDED, FAILED, NOT_MET = "passed", "recommended", "failed", "not met"
RESULTS = (PASSED, RECOMMENDED, FAILED, NOT_MET)
"""The results: no finding; only recommendations; a MUST broken; the client was never in the situation."""


class Finding(TypedDict):
    """A requirement that a trial broke: what was expected, what happened, the calls that show it, and a hint.

    One that is ``known`` from a baseline does not count.
    """

    requirement: str
    number: str
    expected: str
    happened: str
    calls: list[int]
    hint: str
    source: Source
    known: NotRequired[bool]


class CallView(TypedDict):
    """A call on the timeline, in milliseconds since the beginning; ``wait_ms`` is the wait that the vendor named."""

    number: int
    at_ms: float
    answered_ms: float
    request: str
    outcome: str | None
    status: int | None
    fault: str | None
    wait_ms: float | None
    took_effect: bool
    has_rival: bool


class RunView(TypedDict):
    """A run of the client: its claim, and how it ended."""

    claim: str | None
    detail: str
    crash: str | None
    uncaught: str | None
    timed_out: bool
    started_ms: float
    ended_ms: float


class OrderView(TypedDict):
    """The state of an order before and after: ``stands`` or ``gone``."""

    before: str
    after: str


class TrialVerdict(TypedDict):
    """What a trial showed. ``was_met`` says whether the client was in the situation."""

    scenario: ScenarioView
    result: str
    was_met: bool
    findings: list[Finding]
    runs: list[RunView]
    calls: list[CallView]
    orders: dict[str, OrderView]
    repeat: NotRequired[str]


def judge(trial: Trial) -> TrialVerdict:
    """Judge a trial by every requirement. One whose situation was not met can break a MUST, and nothing else."""
    secrets = Secrets()
    for value in secret_values(trial):
        secrets.hide(value)
    is_met = meets(trial.calls, trial.scenario.met)
    found = [(requirement, breach) for requirement, breach in breaches(trial) if is_met or requirement.is_must]
    findings = [_finding(requirement, breach, secrets) for requirement, breach in found]
    return {
        "scenario": view(trial.scenario),
        "result": result_of(findings, was_met=is_met),
        "was_met": is_met,
        "findings": findings,
        "runs": [_run(run, secrets) for run in trial.runs],
        "calls": [_call(call, secrets) for call in trial.calls[:_MOST_CALLS]],
        "orders": {order: {"before": state, "after": trial.after[order]} for order, state in trial.before.items()},
    }


def result_of(findings: Iterable[Finding], *, was_met: bool) -> str:
    """Return what follows from the findings; those that are known do not count."""
    numbers = [one["number"] for one in findings if not one.get("known")]
    if any(number.startswith(MUST) for number in numbers):
        return FAILED
    if not was_met:
        return NOT_MET
    return RECOMMENDED if numbers else PASSED


def _finding(requirement: Requirement, breach: Breach, secrets: Secrets) -> Finding:
    return {
        "requirement": requirement.name,
        "number": requirement.number,
        "expected": requirement.states,
        "happened": secrets.repeated(breach.happened),
        "calls": list(breach.calls),
        "hint": requirement.hint,
        "source": requirement.source,
    }


def _run(run: Run, secrets: Secrets) -> RunView:
    return {
        "claim": run.claim,
        "detail": secrets.repeated(run.detail),
        "crash": secrets.repeated(run.crash),
        "uncaught": secrets.repeated(run.uncaught),
        "timed_out": run.timed_out,
        "started_ms": round(run.started, 1),
        "ended_ms": round(run.ended, 1),
    }


def _call(call: ClientCall, secrets: Secrets) -> CallView:
    masked = mask_request(call.entry)
    target = secrets.repeated(masked.secrets.repeated(masked.target))
    return {
        "number": call.number,
        "at_ms": round(call.arrived, 1),
        "answered_ms": round(call.answered, 1),
        "request": f"{call.entry.request.method} {target}",
        "outcome": call.outcome,
        "status": call.entry.status,
        "fault": call.fault,
        "wait_ms": call.wait_ms,
        "took_effect": call.took_effect,
        "has_rival": call.has_rival,
    }

"""What happened in a scenario, in the order of time: for people who read it, and as bars for those who look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescind.certify.verdict import CallView, RunView, TrialVerdict

_SHORTEST_BAR = 0.5
_WIDTH = 100.0
_SECOND = 1000
_STEPS = (10, 50, 100, 250, 500, 1000, 2000, 5000, 10_000, 60_000, 10**9)
_MOST_TICKS = 6


class Event(NamedTuple):
    """Something that happened, in milliseconds since the beginning."""

    at_ms: float
    what: str


class Bar(NamedTuple):
    """A bar of the picture: its kind (run, call, wait), its row, and where it stands, in percent of the width."""

    kind: str
    row: int
    x: float
    width: float
    label: str
    is_shown: bool


def events(verdict: TrialVerdict) -> list[Event]:
    """Return the events of a scenario, the earliest first."""
    found = [Event(0, f"order {order} {state['before']}") for order, state in verdict["orders"].items()]
    several = len(verdict["runs"]) > 1
    for number, run in enumerate(verdict["runs"], 1):
        name = f"run {number}" if several else "the client"
        if several:
            found.append(Event(run["started_ms"], f"{name} starts"))
        found.append(Event(run["ended_ms"], f"{name} {end_of(run)}"))
    found += [event for call in verdict["calls"] for event in _call_events(call)]
    found.sort(key=lambda event: event.at_ms)
    end = found[-1].at_ms
    return [*found, *(Event(end, f"order {order} {state['after']}") for order, state in verdict["orders"].items())]


def bars(verdict: TrialVerdict) -> list[Bar]:
    """Return the calls, the waits that the vendor named and the runs as bars on one axis of time."""
    end = _end_ms(verdict)
    evidence = {number for finding in verdict["findings"] for number in finding["calls"]}

    drawn = []
    for row, run in enumerate(verdict["runs"]):
        place = _place(run["started_ms"], run["ended_ms"], end)
        drawn.append(Bar("run", row, *place, f"the client {end_of(run)}", is_shown=False))
    for row, call in enumerate(verdict["calls"], len(verdict["runs"])):
        label = f"{call['number']}: {call['request']}: {_answer(call)}"
        place = _place(call["at_ms"], call["answered_ms"], end)
        drawn.append(Bar("call", row, *place, label, is_shown=call["number"] in evidence))
        if call["wait_ms"]:
            place = _place(call["answered_ms"], call["answered_ms"] + call["wait_ms"], end)
            drawn.append(Bar("wait", row, *place, f"wait {call['wait_ms']:.0f} ms", is_shown=False))
    return drawn


def _place(start: float, stop: float, end: float) -> tuple[float, float]:
    """Return where a time begins and how wide it is, on an axis that ends at ``end``."""
    x = _WIDTH * min(start, end) / end
    return x, max(_SHORTEST_BAR, _WIDTH * min(stop, end) / end - x)


def _end_ms(verdict: TrialVerdict) -> float:
    """Return the end of the axis: that of the last run, but not that of a hang which nobody waited for."""
    return max([1.0, *(run["ended_ms"] for run in verdict["runs"]), *(call["at_ms"] for call in verdict["calls"])])


def ticks(verdict: TrialVerdict) -> list[tuple[float, str]]:
    """Return where the axis has a mark, and what it says."""
    end = _end_ms(verdict)
    step = next(step for step in _STEPS if end / step <= _MOST_TICKS)
    marks = range(0, int(end) + 1, step)
    return [(_WIDTH * at / end, f"{at} ms" if step < _SECOND else f"{at // _SECOND} s") for at in marks]


def _call_events(call: CallView) -> Iterator[Event]:
    rival = "; somebody else made the same call just before" if call["has_rival"] else ""
    yield Event(call["at_ms"], f"call {call['number']}: {call['request']}{rival}")
    if call["fault"] != "hang":
        yield Event(call["answered_ms"], f"call {call['number']}: {_answer(call)}")


def _answer(call: CallView) -> str:
    """Return what a call was answered, in words."""
    parts = []
    if call["status"] is not None and call["fault"] not in {"reply_lost", "hang"}:
        parts.append(f"{call['status']} {call['outcome'] or ''}".strip())
    if call["fault"]:
        parts.append(f"fault {call['fault']}")
    if call["wait_ms"]:
        parts.append(f"wait {call['wait_ms']:.0f} ms")
    if call["took_effect"]:
        parts.append("took effect")
    return ", ".join(parts) or "no answer"


def end_of(run: RunView) -> str:
    """Return how a run ended, in words."""
    if run["timed_out"]:
        return "was ended at its time limit"
    if run["claim"] is None:
        return run["crash"] or "claims nothing"
    more = run["crash"] or run["uncaught"] or run["detail"]
    return f"claims {run['claim']} ({more})" if more else f"claims {run['claim']}"

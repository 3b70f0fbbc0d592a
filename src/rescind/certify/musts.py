"""What a client must do or never do: each requirement is one function that yields how a trial breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from rescind.certify.advice import NEVER, RENEWAL
from rescind.certify.secrecy import misplaced_secrets

if TYPE_CHECKING:
    from rescind.certify.calls import ClientCall
    from rescind.certify.trial import Part, Trial

MOST_CALLS = 50
"""How many calls a run may make: far more than any retry policy needs."""

MOST_RENEWALS = 5
"""How many times a run may renew its credential."""

TOLERANCE_MS = 50
"""How much too early a call may come that had to wait."""


class Breach(NamedTuple):
    """How a trial breaks a requirement: what happened, in words, and the numbers of the calls that show it."""

    happened: str
    calls: tuple[int, ...] = ()


_KILL_MS = 1_000
"""How soon after the end of its connection the end of a run is noticed that was killed."""

Check = Callable[["Trial"], Iterator[Breach]]
"""What judges a trial by one requirement."""


def no_false_claim(trial: Trial) -> Iterator[Breach]:
    """Compare the claims with what became of the order."""
    for part in trial.parts:
        claims = [run.claim for run in part.runs]
        shown = tuple(call.number for call in part.deletions)
        if "gone" in claims and not part.is_gone and not any("gone" in allowed for allowed in part.last_allows):
            yield Breach(f"claimed `gone`, and order {part.order} stands", shown)
        mine = part.deleted_it
        if mine and claims.count("refused") > len(part.runs) - 1:
            yield Breach(
                f"claimed `refused`, and call {mine[0].number} of the client deleted order {part.order}", shown
            )


def one_effect(trial: Trial) -> Iterator[Breach]:
    """Look for changes of anything else, and for deletions of one order that were under way together."""
    targets = set(trial.scenario.targets)
    for call in trial.calls:
        if call.took_effect and call.task != RENEWAL and call.order not in targets:
            what = f"order {call.order}" if call.order else call.entry.request.path
            yield Breach(f"call {call.number} ({call.entry.request.method}) changed {what}", (call.number,))
    for part in trial.parts:
        for first, second in _overlapping(part):
            yield Breach(
                f"call {second.number} came while call {first.number}, the same deletion, was not answered",
                (first.number, second.number),
            )


def _overlapping(part: Part) -> Iterator[tuple[ClientCall, ClientCall]]:
    """Yield the deletions that came before an earlier one was answered, if one run sent both."""
    for index, call in enumerate(part.deletions):
        open_calls = [one for one in part.deletions[:index] if one.fault != "hang" and call.arrived < one.answered]
        if len(open_calls) >= len(part.runs):
            yield open_calls[0], call


def no_blind_retry(trial: Trial) -> Iterator[Breach]:
    """Look for calls that are repeated after an answer that is final."""
    for part in trial.parts:
        for index, call in enumerate(part.calls):
            if call.is_safe or not call.is_answered or call.advice is None or call.advice.retry != NEVER:
                continue
            again = [one for one in part.calls[index + 1 :] if _repeats(one, call)]
            if len(again) > len(part.runs) - 1:
                repeated = again[len(part.runs) - 1]
                yield Breach(
                    f"call {repeated.number} repeats call {call.number}, whose answer is final: {call.outcome}",
                    (call.number, repeated.number),
                )
                break


def _repeats(call: ClientCall, earlier: ClientCall) -> bool:
    return call.identity == earlier.identity and call.arrived > earlier.answered


def pacing(trial: Trial) -> Iterator[Breach]:
    """Look for calls before the time that the vendor named, by the journal's clock."""
    for part in trial.parts:
        if len(part.runs) > 1:  # which of them was asked to wait is not known
            continue
        for index, call in enumerate(part.calls):
            wait = call.wait_ms
            if wait is None or not call.is_answered:
                continue
            for later in part.calls[index + 1 :]:
                early = call.answered + wait - TOLERANCE_MS - later.arrived
                if later.operation is call.operation and later.arrived > call.answered and early > 0:
                    came = later.arrived - call.answered
                    asked = f"call {call.number} asked for {wait:.0f} ms"
                    header = call.advice.wait if call.advice else ""
                    happened = f"call {later.number} came {came:.0f} ms after {asked} (header {header})"
                    yield Breach(happened, (call.number, later.number))
                    return


def bounded(trial: Trial) -> Iterator[Breach]:
    """Look for runs that did not end, and for too many calls or renewals."""
    for part in trial.parts:
        if any(run.timed_out for run in part.runs) and not _outwaited(part):
            yield Breach(f"was still running at the time limit, after {len(part.calls)} calls")
    runs, calls = len(trial.runs), len(trial.calls)
    if not trial.is_complete:
        yield Breach(f"made more calls than the journal keeps, which is {calls}")
    if calls > MOST_CALLS * runs:
        yield Breach(f"made {calls} calls, more than {MOST_CALLS * runs}")
    renewals = [call.number for call in trial.calls if call.task == RENEWAL]
    if len(renewals) > MOST_RENEWALS * runs:
        yield Breach(f"renewed the credential {len(renewals)} times, more than {MOST_RENEWALS * runs}", tuple(renewals))


def contract(trial: Trial) -> Iterator[Breach]:
    """Hold every request against the document."""
    for call in trial.calls:
        for violation in call.violations:
            yield Breach(f"call {call.number}: {violation}", (call.number,))


def secrets(trial: Trial) -> Iterator[Breach]:
    """Look for credentials where the document does not want them; say the place, never the value."""
    for call in trial.calls:
        for place in misplaced_secrets(call, trial):
            yield Breach(f"call {call.number} has a credential in {place}", (call.number,))


def patience(trial: Trial) -> Iterator[Breach]:
    """Look for runs that never gave up a reply that did not come."""
    for part in trial.parts:
        for hang in _outwaited(part):
            waited = _end_of_wait(part, hang) - hang.arrived
            yield Breach(f"waited {waited / 1000:.0f} s for the reply to call {hang.number}", (hang.number,))


def _outwaited(part: Part) -> list[ClientCall]:
    """Return the hangs that a run waited for until the hang, or the run, was ended."""
    hangs = [call for call in part.calls if call.fault == "hang"]
    return [
        call
        for call in hangs
        if (call is part.calls[-1] and _was_killed_while(part, call))
        or (not call.is_abandoned and _end_of_wait(part, call) - call.arrived >= part.trial.hang_ms)
    ]


def _was_killed_while(part: Part, hang: ClientCall) -> bool:
    """Return whether the run was ended at its time limit while it waited for this reply."""
    return any(run.timed_out for run in part.runs) and _end_of_wait(part, hang) - hang.answered < _KILL_MS


def _end_of_wait(part: Part, hang: ClientCall) -> float:
    """Return when the client gave up, else when the next call came, or when the last run ended."""
    later = (call.arrived for call in part.calls if call.number > hang.number)
    return hang.answered if hang.is_abandoned else next(later, max(run.ended for run in part.runs))


def no_crash(trial: Trial) -> Iterator[Breach]:
    """Look for runs that ended without a claim that has a meaning."""
    for run in trial.runs:
        if run.crash:
            yield Breach(run.crash)


MUSTS: tuple[Check, ...] = (
    no_false_claim,
    one_effect,
    no_blind_retry,
    pacing,
    bounded,
    contract,
    secrets,
    patience,
    no_crash,
)

"""What a client should do: each recommendation is one function that yields how a trial leaves it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rescind.certify.advice import AFTER, BACKOFF, RENEW, RENEWAL
from rescind.certify.musts import Breach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescind.certify.calls import ClientCall
    from rescind.certify.musts import Check
    from rescind.certify.trial import Part, Trial

_PAUSE_MS = 100
"""The shortest pause of a backoff: less is the same moment to a server that is overloaded."""


def find_out(trial: Trial) -> Iterator[Breach]:
    """Look for deletions that were not answered, and after which the client asked no more."""
    for part in trial.parts:
        last = part.last
        if last is None or last.is_answered or _is_ended_by_force(part):
            continue
        if not part.reads_after(last):
            yield Breach(
                f"call {last.number} was not answered ({last.fault}), and nothing was asked after it", (last.number,)
            )


def tell_final(trial: Trial) -> Iterator[Breach]:
    """Look for claims that do not say what the vendor's last answer says, though it is final, or is not."""
    if trial.scenario.group == "tolerance":
        return
    for part in trial.parts:
        last = part.last
        if last is None or len(part.runs) > 1 or not last.is_answered or last.advice is None:
            continue
        claim, honest = part.runs[0].claim, last.advice.claims
        if claim is None or claim in honest or (claim == "gone" and part.is_gone) or part.reads_after(last):
            continue
        if claim == "refused" and part.deleted_it:
            continue  # a false claim, which is worse
        if claim == "gone" and not part.is_gone:
            continue
        yield Breach(f"claimed `{claim}` after {last.outcome}, which means {_either(honest)}", (last.number,))


def retry_transient(trial: Trial) -> Iterator[Breach]:
    """Look for transient answers that a client took for the last word, and for retries without a pause."""
    for part in trial.parts:
        tries = part.deletions
        last = part.last
        if last is None or len(part.runs) > 1:
            continue
        if len(tries) == 1 and _is_transient(last) and not part.reads_after(last) and not _is_ended_by_force(part):
            yield Breach(f"call {last.number} met {last.outcome}, and was not tried again", (last.number,))
        failed = [call for call in tries if call.is_answered and call.advice and call.advice.retry == BACKOFF]
        gaps = [(second, second.arrived - first.answered) for first, second in pairwise(failed)]
        later = gaps[1:]  # the first retry may come at once
        if later and max(gap for _, gap in later) < _PAUSE_MS:
            hasty = [call.number for call, _ in later]
            yield Breach(f"call {hasty[0]} came without a pause after the failure before it", tuple(hasty))


def renew_credential(trial: Trial) -> Iterator[Breach]:
    """Look for an expired credential that was not renewed, or after whose renewal nothing was tried."""
    if not trial.scenario.is_renewable:
        return
    for part in trial.parts:
        refused = next((call for call in part.deletions if _is_expired(call)), None)
        if refused is None or part.is_gone:
            continue
        renewed = any(call.task == RENEWAL and call.number > refused.number for call in part.calls)
        missing = "delete the order with the new credential" if renewed else "renew the credential"
        yield Breach(
            f"call {refused.number} met {refused.outcome}, and the client did not {missing}", (refused.number,)
        )


def tolerance(trial: Trial) -> Iterator[Breach]:
    """Look for successes that the client did not understand."""
    if trial.scenario.group != "tolerance":
        return
    for part in trial.parts:
        claim = part.runs[0].claim
        if part.deleted_it and claim != "gone":
            yield Breach(
                f"claimed {f'`{claim}`' if claim else 'nothing'} after a success",
                tuple(call.number for call in part.deleted_it),
            )


def no_uncaught_exception(trial: Trial) -> Iterator[Breach]:
    """Look for runs that an exception ended."""
    for run in trial.runs:
        if run.uncaught:
            yield Breach(f"ended with an exception that nothing caught: {run.uncaught}")


def _is_transient(call: ClientCall) -> bool:
    return call.is_answered and call.advice is not None and call.advice.retry in {AFTER, BACKOFF}


def _is_expired(call: ClientCall) -> bool:
    return call.is_answered and call.advice is not None and call.advice.retry == RENEW


def _is_ended_by_force(part: Part) -> bool:
    return any(run.timed_out or run.crash for run in part.runs)


def _either(claims: tuple[str, ...]) -> str:
    return " or ".join(f"`{claim}`" for claim in claims)


SHOULDS: tuple[Check, ...] = (
    find_out,
    tell_final,
    retry_transient,
    renew_credential,
    tolerance,
    no_uncaught_exception,
)

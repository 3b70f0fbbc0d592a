"""The gate of a build: whether enough of the documented outcomes was met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rescind.coverage.counting import summarise
from rescind.coverage.listing import columns
from rescind.coverage.reports import missed_lines, missed_outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rescind.coverage.counting import OutcomeReport, Report


def as_table(report: Report) -> str:
    """Format the outcomes as aligned columns, and the total."""
    rows = [("OUTCOME", "STATUS", "NATURAL", "FORCED", "")]
    for operation in report["operations"]:
        for one in operation["outcomes"]:
            counts = (str(one["natural"]), str(one["forced"]))
            rows.append((one["id"], str(one["status"]), *counts, "" if one["met"] else "never met"))
    total = report["total"]
    return f"{columns(rows)}\n{total['met']} of {total['outcomes']} outcomes met ({total['percent']}%)"


def shortfall(report: Report, fail_under: float | None, base_url: str) -> str | None:
    """Format what is missing to the wanted percentage, with the commands that reach it; None if nothing is."""
    percent = report["total"]["percent"]
    if fail_under is None or percent >= fail_under:
        return None
    lines = [f"rescind: {percent}% of the outcomes met, expected {fail_under:g}%; never met:"]
    for one in missed_outcomes(report):
        lines += [f"  {line}" for line in missed_lines(one, base_url)]
    return "\n".join(lines)


class Tallies:
    """What several sandboxes have met together, by the ids of the outcomes; ``add`` changes the mapping in place."""

    def __init__(self, outcomes: dict[str, OutcomeReport]) -> None:
        self.outcomes = outcomes

    def add(self, outcomes: Iterable[OutcomeReport]) -> None:
        """Add what one more sandbox, or one more process, has met."""
        for outcome in outcomes:
            known = self.outcomes.get(outcome["id"])
            natural, forced = outcome["natural"], outcome["forced"]
            if known:
                natural, forced = natural + known["natural"], forced + known["forced"]
            self.outcomes[outcome["id"]] = {
                **outcome,
                "natural": natural,
                "forced": forced,
                "met": natural + forced > 0,
            }

    @property
    def percent(self) -> float:
        """How much of the documented outcomes was met, in percent; nothing where no sandbox was used."""
        return self.report()["total"]["percent"] if self.outcomes else 0.0

    def report(self) -> Report:
        """Return the coverage report on all of them."""
        return summarise(list(self.outcomes.values()))

    def summary(self, base_url: str) -> tuple[str, list[str]]:
        """Return a line on how much was met, and lines on what was not, with the requests that reach it."""
        if not self.outcomes:
            return "no test has used a sandbox", ["every documented outcome"]
        total = self.report()["total"]
        missed = [line for one in self.outcomes.values() if not one["met"] for line in missed_lines(one, base_url)]
        return f"{total['met']} of {total['outcomes']} documented outcomes met ({total['percent']}%)", missed

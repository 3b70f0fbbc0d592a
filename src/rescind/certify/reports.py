"""A certificate as people and build servers read it: a table, JSON, Markdown, JUnit."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

from rescind.certify.requirements import requirements
from rescind.certify.scenarios import GROUPS
from rescind.certify.timeline import end_of, events
from rescind.certify.verdict import FAILED, NOT_MET, RESULTS
from rescind.coverage.listing import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rescind.certify.certificate import Certificate
    from rescind.certify.requirements import Requirement
    from rescind.certify.scenarios import ScenarioView
    from rescind.certify.verdict import Finding, TrialVerdict


_MOST_EVENTS = 40
_SHOWN_MUSTS = 3
"""How many findings of one MUST the table shows in full; the other formats show all."""


def plan_table(plan: list[ScenarioView]) -> str:
    """Format the scenarios of a plan as aligned columns."""
    rows = [("SCENARIO", "MET", "RUNS", "WHAT")]
    rows += [(one["id"], one["met"], _runs(one), one["title"]) for one in plan]
    return columns(rows)


def as_table(certificate: Certificate) -> str:
    """Format the results by group, every finding with its evidence, and the verdict."""
    lines = [_head(certificate), "", columns([("GROUP", *map(str.upper, RESULTS)), *groups(certificate)])]
    for requirement, some in _by_requirement(certificate):
        shown = some[:_SHOWN_MUSTS] if requirement.is_must else some[:1]
        lines += [line for one, finding in shown for line in ("", *finding_lines(one, finding))]
        others = [one["scenario"]["id"] for one, _ in some[len(shown) :]]
        lines += ["  also in:", *(f"    {name}" for name in others)] if others else []
    not_met = [one["scenario"]["id"] for one in certificate["scenarios"] if one["result"] == NOT_MET]
    if not_met:
        lines += ["", "not met: the client never came into these situations", *(f"  {name}" for name in not_met)]
    lines += _silent_lines(certificate)
    return "\n".join([*lines, "", f"verdict: {certificate['verdict']}"])


def _silent_lines(certificate: Certificate) -> list[str]:
    """Say in how many scenarios the client sent nothing, and how the first of these runs ended."""
    silent = [one for one in certificate["scenarios"] if not one["calls"]]
    if not silent:
        return []
    first = f"in {silent[0]['scenario']['id']} the client {end_of(silent[0]['runs'][0])}"
    return ["", f"scenarios in which it sent nothing: {len(silent)}; {first}"]


def as_json(certificate: Certificate) -> str:
    """Format all of it."""
    return json.dumps(certificate, indent=2)


def as_markdown(certificate: Certificate) -> str:
    """Format the verdict, a table by group, and the findings."""
    lines = [f"# {_head(certificate)}", "", f"**{certificate['verdict']}**", ""]
    lines += [f"| group | {' | '.join(RESULTS)} |", f"| --- |{' --- |' * len(RESULTS)}"]
    lines += [f"| {' | '.join(row)} |" for row in groups(certificate)]
    for one in certificate["scenarios"]:
        for finding in one["findings"]:
            source = finding["source"]
            lines += ["", f"## {finding['number']}: `{one['scenario']['id']}`{_known(finding)}", ""]
            lines += [
                one["scenario"]["title"],
                "",
                f"- expected: {finding['expected']}",
                f"- happened: {finding['happened']}",
            ]
            lines += [f"- hint: {finding['hint']}", f"- source: [{source['title']}]({source['url']})", "", "```text"]
            lines += [*_timeline(one), "```", "", f"`{one.get('repeat', '')}`"]
    return "\n".join(lines) + "\n"


def as_junit(certificate: Certificate) -> str:
    """Format a test suite for each group, a test case for each scenario: failed, skipped (not met), or passed."""
    from xml.etree import ElementTree as ET  # noqa: PLC0415 - no other format needs it

    root = ET.Element("testsuites", name=f"rescind certify {certificate['vendor']}")
    for group, some in groupby(certificate["scenarios"], key=lambda one: one["scenario"]["group"]):
        scenarios = list(some)
        counts = {name: str(sum(one["result"] == name for one in scenarios)) for name in RESULTS}
        suite = ET.SubElement(
            root, "testsuite", name=group, tests=str(len(scenarios)), failures=counts[FAILED], skipped=counts[NOT_MET]
        )
        for one in scenarios:
            seconds = max([run["ended_ms"] for run in one["runs"]], default=0) / 1000
            scenario = one["scenario"]
            name = f"{scenario['vendor']}.{group}"
            case = ET.SubElement(suite, "testcase", classname=name, name=scenario["name"], time=f"{seconds:.3f}")
            text = "\n".join(line for finding in one["findings"] for line in finding_lines(one, finding))
            if one["result"] == FAILED:
                message = "; ".join(f"{finding['number']}: {finding['happened']}" for finding in one["findings"])
                ET.SubElement(case, "failure", message=_legal(message)).text = _legal(text)
            elif one["result"] == NOT_MET:
                ET.SubElement(case, "skipped", message="the client never came into this situation")
            elif text:
                ET.SubElement(case, "system-out").text = _legal(text)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


REPORTS: dict[str, Callable[[Certificate], str]] = {
    "table": as_table,
    "json": as_json,
    "markdown": as_markdown,
    "junit": as_junit,
}


def _by_requirement(certificate: Certificate) -> Iterator[tuple[Requirement, list[tuple[TrialVerdict, Finding]]]]:
    """Yield each requirement that was broken, with the scenarios in which it was."""
    for requirement in requirements():
        some = [
            (one, finding)
            for one in certificate["scenarios"]
            for finding in one["findings"]
            if finding["requirement"] == requirement.name
        ]
        if some:
            yield requirement, some


def _head(certificate: Certificate) -> str:
    done, planned = len(certificate["scenarios"]), certificate["planned"]
    plural = "s" if planned > 1 else ""
    scenarios = f"{planned} scenario{plural}" if done == planned else f"{done} of {planned} scenario{plural}"
    return f"{certificate['vendor']}: {scenarios} in {certificate['seconds']:.0f} s"


def groups(certificate: Certificate) -> Iterator[tuple[str, ...]]:
    """Yield each group with the numbers of its results."""
    for group in GROUPS:
        results = [one["result"] for one in certificate["scenarios"] if one["scenario"]["group"] == group]
        if results:
            yield (group, *(str(results.count(result)) for result in RESULTS))


def finding_lines(one: TrialVerdict, finding: Finding) -> list[str]:
    """Format a finding with its evidence."""
    source, scenario = finding["source"], one["scenario"]
    return [
        f"{finding['number']} in {scenario['id']}{_known(finding)}: {scenario['title']}",
        f"  expected: {finding['expected']} ({source['title']}, {source['url']})",
        f"  happened: {finding['happened']}",
        *(f"    {line}" for line in _timeline(one)),
        f"  hint: {finding['hint']}",
        *([f"  repeat: {one['repeat']}"] if "repeat" in one else []),
    ]


def _known(finding: Finding) -> str:
    return " (known from the baseline)" if finding.get("known") else ""


def _timeline(one: TrialVerdict) -> list[str]:
    lines = [f"t + {event.at_ms:5.0f} ms  {event.what}" for event in events(one)]
    if len(lines) <= _MOST_EVENTS:
        return lines
    return [*lines[: _MOST_EVENTS - 10], f"... {len(lines) - _MOST_EVENTS + 5} more ...", *lines[-5:]]


def _runs(one: ScenarioView) -> str:
    return f"{one['runs']}{' at once' if one['at_once'] else ''}"


def _legal(text: str) -> str:
    """Leave out the characters that XML 1.0 cannot have."""
    return "".join(character for character in text if character in "\t\n" or character >= " ")

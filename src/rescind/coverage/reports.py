"""Coverage as people and build servers read it."""

from __future__ import annotations

import json
import shlex
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rescind.coverage.catalogue import Way, WayRequest
    from rescind.coverage.counting import OutcomeReport, Report

BASE_URL = "http://127.0.0.1:8080"


def as_markdown(report: Report, base_url: str) -> str:
    """Format a table of operations, and what was missed with the request that reaches it."""
    total = report["total"]
    lines = [f"{total['met']} of {total['outcomes']} outcomes met ({total['percent']}%)", ""]
    lines += ["| operation | met | of | % |", "| --- | --- | --- | --- |"]
    for one in report["operations"]:
        lines.append(
            f"| `{one['vendor']}.{one['operation']}` | {one['met']} | {one['outcomes_total']} | {one['percent']} |"
        )
    lines += ["", "| known from | met | of | % |", "| --- | --- | --- | --- |"]
    for mark, tally in report["provenance"].items():
        lines.append(f"| {mark} | {tally['met']} | {tally['outcomes']} | {tally['percent']} |")
    missed = missed_outcomes(report)
    if missed:
        lines += ["", "| never met | status | reach it by |", "| --- | --- | --- |"]
        lines += [
            f"| `{one['id']}` | {one['status']} | `{'; '.join(commands(one['way'], base_url))}` |" for one in missed
        ]
    return "\n".join(lines) + "\n"


def as_junit(report: Report, base_url: str) -> str:
    """Format a test suite for each operation, a test case for each outcome; those never met have failed."""
    from xml.etree import ElementTree as ET  # noqa: PLC0415 - the start does not wait for it

    root = ET.Element("testsuites", name="rescind coverage")
    for one in report["operations"]:
        failures = one["outcomes_total"] - one["met"]
        name = f"{one['vendor']}.{one['operation']}"
        suite = ET.SubElement(root, "testsuite", name=name, tests=str(one["outcomes_total"]), failures=str(failures))
        for outcome in one["outcomes"]:
            case = ET.SubElement(suite, "testcase", classname=name, name=outcome["outcome"])
            if not outcome["met"]:
                failure = ET.SubElement(case, "failure", message=f"{outcome['id']} was never met")
                failure.text = "\n".join(commands(outcome["way"], base_url))
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def missed_outcomes(report: Report) -> list[OutcomeReport]:
    """Return the outcomes that were never met."""
    return [outcome for one in report["operations"] for outcome in one["outcomes"] if not outcome["met"]]


def missed_lines(outcome: OutcomeReport, base_url: str) -> list[str]:
    """Format an outcome that was never met, and the shell commands that reach it."""
    return [outcome["id"], *(f"  {command}" for command in commands(outcome["way"], base_url))]


def commands(way: Way, base_url: str) -> list[str]:
    """Return the shell commands of a way; one that is repeated says how often."""
    counted = [(curl(request, base_url), len(list(same))) for request, same in groupby(way)]
    return [command if times == 1 else f"{command} # {times} times" for command, times in counted]


def curl(request: WayRequest, base_url: str = BASE_URL) -> str:
    """Format the shell command that sends a request of the catalogue."""
    words = ["curl", "-i"]
    if request["method"] != "GET":
        words += ["-X", request["method"]]
    for name, value in request.get("headers", {}).items():
        words += ["-H", f"{name}: {value}"]
    if "json" in request:
        typed = [] if "Content-Type" in request.get("headers", {}) else ["-H", "Content-Type: application/json"]
        words += [*typed, "-d", json.dumps(request["json"])]
    return shlex.join([*words, base_url + request["path"]])

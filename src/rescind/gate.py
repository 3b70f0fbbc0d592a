"""The gate of a build: what a running sandbox's clients have met, and whether that is enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rescind.client import Control, SandboxError
from rescind.control.reports import missed_lines, missed_outcomes
from rescind.errors import SettingsError
from rescind.listing import columns

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def coverage_gate(options: argparse.Namespace) -> tuple[str, str]:
    """The report to print, and what is wrong with the coverage; nothing if it suffices.

    Raises SettingsError if the sandbox cannot be asked, or an outcome or vendor does not exist.
    """
    report = json.loads(_ask(options, "json"))
    shown = as_table(report) if options.format == "table" else _ask(options, options.format).rstrip("\n")
    return shown, _shortfall(report, options)


def as_table(report: Mapping[str, Any]) -> str:
    """The outcomes as aligned columns, and the total."""
    rows = [("OUTCOME", "STATUS", "NATURAL", "FORCED", "")]
    for operation in report["operations"]:
        for one in operation["outcomes"]:
            counts = (str(one["natural"]), str(one["forced"]))
            rows.append((one["id"], str(one["status"]), *counts, "" if one["met"] else "never met"))
    total = report["total"]
    return f"{columns(rows)}\n{total['met']} of {total['outcomes']} outcomes met ({total['percent']}%)"


def _shortfall(report: Mapping[str, Any], options: argparse.Namespace) -> str:
    percent = report["total"]["percent"]
    if options.fail_under is None or percent >= options.fail_under:
        return ""
    lines = [f"rescind: {percent}% of the outcomes met, and {options.fail_under:g}% are wanted; never met:"]
    for one in missed_outcomes(report):
        lines += [f"  {line}" for line in missed_lines(one, options.url.rstrip("/"))]
    return "\n".join(lines)


def _ask(options: argparse.Namespace, form: str) -> str:
    base_url = options.url.rstrip("/")
    if not base_url.startswith(("http://", "https://")):
        raise SettingsError(f"{options.url!r} is no base URL; write http://HOST:PORT or http://HOST:PORT/~NAME")
    query = [("vendor", name) for name in options.vendor] + [("ignore", name) for name in options.ignore]
    try:
        return Control(base_url, options.control_token).text("GET", "/coverage", query=[*query, ("format", form)])
    except SandboxError as error:
        raise SettingsError(f"{base_url}: {error}") from None

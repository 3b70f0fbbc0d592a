"""What the pytest plugin does: outcomes to try, what was met of them, and how that is told."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rescind import data
from rescind.client import Sandbox, SandboxError
from rescind.control.catalogue import CONTROL, catalogue
from rescind.control.coverage import summarise
from rescind.control.reports import as_junit, as_markdown, missed_lines
from rescind.errors import SettingsError
from rescind.vendors import load_vendors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Met = dict[str, dict[str, Any]]
    """The outcomes of a coverage report by their names."""

_SUFFIXES = (".json", ".md", ".xml", ".html")
BASE = "BASE"
"""Stands for the base URL of a sandbox, where a command is shown for no particular one."""


@dataclass(frozen=True)
class Trial:
    """One documented outcome, and the request that meets it.

    ``request`` has method, path, headers and json of the request in a sandbox that was prepared; ``parameters`` its
    path and query parameters by name, and ``before`` what prepares the sandbox.
    """

    vendor: str
    operation: str
    name: str
    status: int
    description: str
    request: Mapping[str, Any]
    before: tuple[Mapping[str, Any], ...]
    override: bool

    @property
    def id(self) -> str:
        """The outcome's name as it is everywhere: ``vendor.operation.outcome``."""
        return f"{self.vendor}.{self.operation}.{self.name}"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The request's path and query parameters by name, credentials included."""
        parameters: Mapping[str, str] = self.request.get("parameters", {})
        return parameters

    def prepare(self, sandbox: Sandbox) -> None:
        """Bring the sandbox to where the request meets the outcome."""
        for step in self.before:
            status = sandbox.send(step)
            if step["path"].startswith(CONTROL) and status >= HTTPStatus.BAD_REQUEST:
                raise SandboxError(status, {"detail": f"{step['method']} {step['path']} was refused"})
        if self.override:
            sandbox.override(self.vendor, operation=self.operation, outcome=self.name)


def trials(
    url: str | None,
    operation: str,
    only: str | Iterable[str] | None = None,
    provenance: str | Iterable[str] | None = None,
) -> list[Trial]:
    """The outcomes of ``VENDOR.OPERATION``, or those of them that are named, or known in one of some ways.

    Raises SettingsError for names that do not exist.
    """
    entries = _catalogue(url)
    mine = [entry for entry in entries if f"{entry['vendor']}.{entry['operation']}" == operation]
    _refuse_unknown("operation", [operation], {f"{entry['vendor']}.{entry['operation']}" for entry in entries})
    names, marks = _several(only), _several(provenance)
    _refuse_unknown("outcome", names, [entry["outcome"] for entry in mine])
    _refuse_unknown("provenance", marks, {entry["provenance"]["mark"] for entry in entries})
    return [
        _trial(entry)
        for entry in mine
        if (not names or entry["outcome"] in names) and (not marks or entry["provenance"]["mark"] in marks)
    ]


@cache
def _catalogue(url: str | None) -> list[dict[str, Any]]:
    """The outcomes of the server at the URL; without one, of the vendors that come with Rescind."""
    if url:
        return Sandbox(url.rstrip("/"), os.environ.get("RESCIND_CONTROL_TOKEN")).outcomes()
    return catalogue(load_vendors([data.SPEC_DIR], [data.FIXTURE_DIR]))


def merge(met: Met, report: Mapping[str, Any]) -> None:
    """Add what one sandbox has met."""
    join(met, {outcome["id"]: outcome for one in report["operations"] for outcome in one["outcomes"]})


def join(met: Met, more: Mapping[str, Mapping[str, Any]]) -> None:
    """Add what others have met."""
    for name, outcome in more.items():
        known = met.setdefault(name, {**outcome, "natural": 0, "forced": 0, "met": False})
        known["natural"] += outcome["natural"]
        known["forced"] += outcome["forced"]
        known["met"] = known["natural"] + known["forced"] > 0


def percent(met: Met) -> float:
    """How much of the documented outcomes was met, in percent; nothing where no test has used a sandbox."""
    share: float = summarise(list(met.values()))["total"]["percent"] if met else 0.0
    return share


def summary(met: Met) -> tuple[str, list[str]]:
    """A line on how much was met, and lines on what was not, with the requests that reach it."""
    if not met:
        return "no test has used a sandbox", ["every documented outcome"]
    total = summarise(list(met.values()))["total"]
    missed = [line for outcome in met.values() if not outcome["met"] for line in missed_lines(outcome, BASE)]
    return f"{total['met']} of {total['outcomes']} documented outcomes met ({total['percent']}%)", missed


def refuse_report_name(path: str) -> None:
    """Raise SettingsError for a file that no report can be written to."""
    if Path(path).suffix not in _SUFFIXES:
        raise SettingsError(f"--rescind-coverage={path}: the name ends in one of {', '.join(_SUFFIXES)}")


def write_report(path: str, met: Met) -> None:
    """Write what was met, in the format that the file's name says."""
    report = summarise(list(met.values()))
    match Path(path).suffix:
        case ".md":
            text = as_markdown(report, BASE)
        case ".xml":
            text = as_junit(report, BASE)
        case ".html":
            from rescind.web.pages import coverage_page  # noqa: PLC0415 - only those who want a page need it

            text = coverage_page(report, BASE)
        case _:
            text = json.dumps(report, indent=2)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def told(sandbox: Sandbox, last: int) -> str:
    """The last exchanges of a sandbox, as a person reads them."""
    try:
        entries = sandbox.journal(limit=last)
    except SandboxError as error:
        return f"It cannot be read: {error}"
    return "\n".join(line for entry in entries for line in _told(entry)) or "It has seen no call."


def _told(entry: Mapping[str, Any]) -> list[str]:
    request, reply = entry["request"], entry["reply"] or {"status": entry["fault"], "body": ""}
    query = "&".join(f"{name}={value}" for name, values in request["query"].items() for value in values)
    lines = [f"{entry['id']}. {request['method']} {request['path']}" + (f"?{query}" if query else "")]
    lines += [f"   {request['body']}"] if request["body"] else []
    lines.append(f"   {reply['status']} {entry['outcome'] or ''} {entry['fault'] or ''}".rstrip())
    lines += [f"   {reply['body']}"] if reply["body"] else []
    lines += [f"   because {fact}" for fact in entry["facts"]]
    return lines


def _trial(entry: Mapping[str, Any]) -> Trial:
    ways = entry["ways"]
    kind = next(kind for kind in ("natural", "magic", "forced") if kind in ways)
    *before, request = ways[kind]
    headers = {name: value for name, value in request.get("headers", {}).items() if name != "Prefer"}
    return Trial(
        vendor=entry["vendor"],
        operation=entry["operation"],
        name=entry["outcome"],
        status=entry["status"],
        description=entry["description"],
        request={**request, "headers": headers},
        before=tuple(before),
        override=kind == "forced",
    )


def _several(given: str | Iterable[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _refuse_unknown(what: str, names: Sequence[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no {what} {name!r}; it is one of: {', '.join(sorted(known))}")

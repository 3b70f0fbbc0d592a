"""Coverage of a running server, and reports in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rescind.coverage.reports import as_junit, as_markdown
from rescind.errors import SettingsError
from rescind.testing.control_client import ControlClient, SandboxError

if TYPE_CHECKING:
    from rescind.coverage.counting import Report

BASE = "BASE"
"""Stands for the base URL of a sandbox, where a command is shown for no particular one."""

_SUFFIXES = (".json", ".md", ".xml", ".html")


def fetch_report(base_url: str, **asked: Any) -> Report:
    """Return the coverage report of a sandbox. Raises SettingsError as ``fetch_coverage`` does."""
    report: Report = json.loads(fetch_coverage(base_url, "json", **asked))
    return report


def fetch_coverage(base_url: str, form: str, *, control_token: str | None = None, **chosen: tuple[str, ...]) -> str:
    """Return the coverage of a sandbox in a format of the control API.

    ``chosen`` are the names of a ``vendor`` or an ``operation`` to report on, and of outcomes to ``ignore``.

    Raises SettingsError if the sandbox does not answer, or an outcome, an operation or a vendor does not exist.
    """
    if not base_url.startswith(("http://", "https://")):
        raise SettingsError(f"invalid base URL {base_url!r}: write http://HOST:PORT or http://HOST:PORT/~NAME")
    query = [(kind, name) for kind, names in chosen.items() for name in names]
    try:
        return ControlClient(base_url, control_token).text("GET", "/coverage", query=[*query, ("format", form)])
    except SandboxError as error:
        raise SettingsError(f"{base_url}: {error}") from None


def refuse_report_name(path: str) -> None:
    """Raise SettingsError for a file that no report can be written to."""
    if Path(path).suffix not in _SUFFIXES:
        raise SettingsError(f"--rescind-coverage={path}: expected a name that ends in one of {', '.join(_SUFFIXES)}")


def write_report(path: str, report: Report) -> None:
    """Write a report, in the format that the file's name says."""
    match Path(path).suffix:
        case ".md":
            text = as_markdown(report, BASE)
        case ".xml":
            text = as_junit(report, BASE)
        case ".html":
            from rescind.web.pages import coverage_file  # noqa: PLC0415 - only those who want a page need Flask

            text = coverage_file(report, BASE)
        case _:
            text = json.dumps(report, indent=2)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)

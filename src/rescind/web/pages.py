"""The pages that the control API shows in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.control.reports import commands

if TYPE_CHECKING:
    from collections.abc import Mapping


def coverage_page(report: Mapping[str, Any], base_url: str) -> str:
    """The coverage report as HTML."""
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - only those who look at a page need it

    pages = Environment(loader=PackageLoader("rescind.web"), autoescape=True)
    pages.globals["commands"] = commands
    return pages.get_template("coverage.html").render(report=report, base_url=base_url)

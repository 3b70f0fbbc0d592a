"""The pages that a browser shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, render_template

from rescind.certify.reports import groups
from rescind.certify.timeline import bars, events, ticks
from rescind.certify.verdict import RESULTS
from rescind.coverage.reports import commands

if TYPE_CHECKING:
    from rescind.certify.certificate import Certificate
    from rescind.coverage.counting import Report


def coverage_page(report: Report, base_url: str) -> str:
    """Return the coverage report as HTML, in the context of an application."""
    return render_template("coverage.html", report=report, base_url=base_url, commands=commands)


def coverage_file(report: Report, base_url: str) -> str:
    """Return the same page for a file, where no application runs."""
    with Flask("rescind.web", static_folder=None).app_context():
        return coverage_page(report, base_url)


def certificate_file(certificate: Certificate) -> str:
    """Return a certificate as a page that needs no other file."""
    with Flask("rescind.web", static_folder=None).app_context():
        names = {
            "certificate": certificate,
            "results": RESULTS,
            "groups": [*groups(certificate)],
            "bars": bars,
            "events": events,
            "ticks": ticks,
        }
        return render_template("certificate.html", **names)

"""The certification of a command from beginning to end: the plan, the runs, the certificate, the report."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

from rescind.assembly import spec_dirs
from rescind.certify.certificate import PlanResult, certify, read_baseline
from rescind.certify.certification import DEFAULT_TIMEOUT_SECONDS
from rescind.certify.reports import REPORTS, as_table, plan_table
from rescind.certify.scenarios import choose
from rescind.errors import SettingsError, nearest
from rescind.model import CONTROL_PREFIX
from rescind.rules.loading import specs_in
from rescind.settings import Settings
from rescind.testing.commands import Command, parse_claims
from rescind.testing.jobs import Jobs, Place, run_all
from rescind.testing.sandbox import Sandbox
from rescind.testing.scenarios import BegunScenario, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rescind.certify.certificate import Certificate
    from rescind.certify.scenarios import ScenarioView
    from rescind.certify.verdict import TrialVerdict


@dataclass(frozen=True)
class CertifyOptions:
    """The options of ``rescind certify``, as a user wrote them."""

    vendor: str
    url: str | None = None
    only: tuple[str, ...] = ()
    jobs: int = 4
    claim: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT_SECONDS
    baseline: Path | None = None
    spec: Path | None = None
    fixtures: Path | None = None
    control_token: str | None = None

    def words(self) -> list[str]:
        """Return the words that run the command again, up to the choice of scenarios."""
        words = ["rescind", "certify", "--vendor", self.vendor]
        for name in ("url", "spec", "fixtures"):
            words += [f"--{name}", str(getattr(self, name))] if getattr(self, name) else []
        words += [word for claim in self.claim for word in ("--claim", claim)]
        return words if self.timeout == DEFAULT_TIMEOUT_SECONDS else [*words, "--timeout", f"{self.timeout:g}"]


class Certifier:
    """Certifies the client of a vendor. Every method raises SettingsError for what a user wrote wrong."""

    def __init__(self, options: CertifyOptions) -> None:
        if sys.platform == "win32":
            raise SettingsError("certify does not run on Windows; use WSL, or the pytest marker rescind_certify")
        if options.url is not None and (not options.url.startswith(("http://", "https://")) or "/~" in options.url):
            raise SettingsError(f"invalid URL {options.url!r}: write http://HOST:PORT, without a sandbox")
        if not options.timeout > 0:  # nan is not
            raise SettingsError(f"invalid timeout {options.timeout}: use a number of seconds above 0")
        self._options = options
        self.vendor = options.vendor
        self._known = read_baseline(options.baseline, options.vendor) if options.baseline else frozenset()
        self._claims = parse_claims(options.claim)
        self._settings: dict[str, Any] = {
            "vendor": (self.vendor,),
            "spec": options.spec,
            "fixtures": options.fixtures,
        }
        self._place = Place(self._settings, options.url, options.control_token)
        if options.url is None:
            _refuse_unknown_vendor(self.vendor, options.spec)

    @cached_property
    def plan(self) -> list[ScenarioView]:
        """The scenarios, or those of them that ``only`` names, with or without the vendor."""
        return choose(self._whole_plan, self.vendor, self._options.only)

    @cached_property
    def _whole_plan(self) -> list[ScenarioView]:
        url = self._options.url
        sandbox = Sandbox(url.rstrip("/"), self._options.control_token) if url else None
        return plan_of(self.vendor, sandbox, Settings(**self._settings))

    def listing(self, form: str) -> str:
        """Return the plan as JSON or as a table."""
        return json.dumps({"scenarios": self.plan}, indent=2) if form == "json" else plan_table(self.plan)

    def check(self, argv: tuple[str, ...]) -> None:
        """Refuse a command that cannot be run, and unknown placeholders."""
        self._command(argv).check(self.plan[0]["placeholders"])

    def certify(self, argv: tuple[str, ...], progress: Callable[[], None]) -> Certificate:
        """Run the command in every scenario; return the certificate, of those so far if that was interrupted."""
        jobs = Jobs(self._command(argv), self._place, self._options.timeout)
        began = monotonic()
        verdicts = jobs.run([one["id"] for one in self.plan], self._options.jobs, progress)
        return self._certificate(argv, verdicts, monotonic() - began, jobs.failure)

    def keep(self, argv: tuple[str, ...], show: Callable[[str], None]) -> None:
        """Run the command in one scenario, show the report and the base URL, and serve that until an interruption."""
        if len(self._options.only) != 1:
            raise SettingsError("--keep keeps the sandbox of one scenario: name it with --only ID")
        self.check(argv)
        with ExitStack() as stack:
            sandbox = self._place.open(stack, self._options.timeout)
            began = monotonic()
            begun = BegunScenario(sandbox, self.plan[0]["id"], self._options.timeout, processes=True)
            verdict = begun.judge(*run_all(self._command(argv), begun, self._options.timeout, threading.Event()))
            show(as_table(self._certificate(argv, [verdict], monotonic() - began)))
            show(f"\nThe sandbox stays until Ctrl-C; its journal: {sandbox.base_url}{CONTROL_PREFIX}/journal")
            threading.Event().wait()

    def report(self, certificate: Certificate, form: str) -> str:
        """Return the certificate in a format."""
        if form == "html":
            from rescind.web.pages import certificate_file  # noqa: PLC0415 - no other format needs Flask

            return certificate_file(certificate)
        return REPORTS[form](certificate)

    def _certificate(
        self, argv: tuple[str, ...], verdicts: list[TrialVerdict], seconds: float, unfinished: str | None = None
    ) -> Certificate:
        planned, repeat = len(self._whole_plan), self._options.words()
        result = PlanResult(verdicts, len(self.plan), planned, seconds, repeat, unfinished)
        return certify(self.vendor, argv, result, self._known)

    def _command(self, argv: tuple[str, ...]) -> Command:
        return Command(argv, self._claims)


def _refuse_unknown_vendor(name: str, spec: Path | None) -> None:
    folders = [folder for folder in spec_dirs(spec) if folder.is_dir()]
    known = sorted(specs_in(folders)[0])
    if name not in known:
        there = ", ".join(known)
        raise SettingsError(f"unknown vendor {name!r}; did you mean {nearest(name, known)!r}? There are: {there}")

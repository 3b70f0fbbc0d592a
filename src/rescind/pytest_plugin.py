"""The pytest plugin: a server for the session, a sandbox for each test, and a gate on what was met.

It does nothing until a test asks for ``rescind_server`` or ``sandbox``, or an option for a report.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescind.coverage.gate import Tallies
    from rescind.testing import Sandbox, Server
    from rescind.testing.outcomes import OutcomeCase

pytest_plugins = ("rescind.pytest_certify",)

_MARK = "rescind_outcomes"
_WORKER_OUTPUT = "rescind_outcomes_met"
_MET = pytest.StashKey[dict[str, Any]]()
_SHOWN_ENTRIES = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("rescind", "Rescind: which documented answers the tests have met")
    group.addoption(
        "--rescind-url",
        default=os.environ.get("RESCIND_URL"),
        metavar="URL",
        help="a server that runs already, instead of one for this session (also: RESCIND_URL)",
    )
    group.addoption(
        "--rescind-vendor", action="append", default=[], metavar="NAME", help="only this vendor; may be repeated"
    )
    group.addoption(
        "--rescind-operation",
        action="append",
        default=[],
        metavar="VENDOR.OPERATION",
        help="count only the outcomes of this operation; may be repeated",
    )
    group.addoption(
        "--rescind-coverage",
        metavar="REPORT",
        help="write which outcomes were met: to a .json, .md, .xml or .html file",
    )
    group.addoption(
        "--rescind-fail-under",
        type=_percent,
        metavar="PERCENT",
        help="fail if fewer of the documented outcomes were met, from 0 to 100",
    )


def _percent(text: str) -> float:
    percent = float(text)
    if not 0 <= percent <= 100:  # noqa: PLR2004 - the range of percentages
        raise ValueError(text)
    return percent


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and begin to count."""
    config.addinivalue_line(
        "markers",
        f"{_MARK}(operation, only=None, provenance=None): run once for each documented outcome of VENDOR.OPERATION; "
        "the fixture rescind_outcome has the outcome, and sandbox is prepared for it",
    )
    config.stash[_MET] = {}
    report = config.getoption("--rescind-coverage")
    if report:
        from rescind.testing.coverage import refuse_report_name  # noqa: PLC0415 - the plugin costs nothing until it is used

        with usage_errors():
            refuse_report_name(report)


@pytest.fixture(scope="session")
def rescind_server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """Yield one server for the session, in a thread of this process on a free port; or the one at ``--rescind-url``."""
    from rescind.settings import control_token  # noqa: PLC0415
    from rescind.testing import Server, start  # noqa: PLC0415

    url, vendors = pytestconfig.getoption("--rescind-url"), tuple(pytestconfig.getoption("--rescind-vendor"))
    if url:
        yield Server(url.rstrip("/"), control_token(os.environ))
    else:
        with start(vendor=vendors) as server:
            yield server


@pytest.fixture
def sandbox(request: pytest.FixtureRequest, rescind_server: Server) -> Iterator[Sandbox]:
    """Yield a sandbox for this test alone, named after it; what it has met counts for the session's coverage."""
    mine = rescind_server.sandbox(sandbox_name(request))
    mine.reset()
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    case: OutcomeCase | None = parameters.get("rescind_outcome")
    if case:
        case.prepare(mine)
    yield mine
    try:
        options = request.config.option
        report = mine.coverage(options.rescind_vendor, operation=options.rescind_operation)
        for operation in report["operations"]:
            _tallies(request.config).add(operation["outcomes"])
    finally:
        mine.drop()


@pytest.fixture
def rescind_outcome(request: pytest.FixtureRequest) -> OutcomeCase:
    """Return the outcome that a test with ``@pytest.mark.rescind_outcomes`` is to meet, and its request."""
    param = getattr(request, "param", None)
    if param is None:
        pytest.fail(f'rescind_outcome is for tests with @pytest.mark.{_MARK}("VENDOR.OPERATION")')
    case: OutcomeCase = param
    return case


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with the marker once for each outcome."""
    mark = metafunc.definition.get_closest_marker(_MARK)
    if mark is None:
        return
    from rescind.testing.outcomes import outcome_cases  # noqa: PLC0415

    if "rescind_outcome" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid} has the marker {_MARK}; it must take rescind_outcome")
    with usage_errors():
        found = outcome_cases(metafunc.config.getoption("--rescind-url"), *mark.args, **mark.kwargs)
    metafunc.parametrize("rescind_outcome", found, ids=[case.name for case in found], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show what the sandbox of a failing test has received."""
    report = yield
    mine = getattr(item, "funcargs", {}).get("sandbox")
    client = sys.modules.get("rescind.testing")  # who has not imported it has no sandbox of ours
    if report.when == "call" and report.failed and client and isinstance(mine, client.Sandbox):
        from rescind.testing.journal import format_journal  # noqa: PLC0415

        report.sections.append((f"the journal of {mine.base_url}", format_journal(mine, _SHOWN_ENTRIES)))
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Count what the tests of an xdist worker have met."""
    _tallies(node.config).add(getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT, {}).values())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report, and fail the session if too little was met."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput[_WORKER_OUTPUT] = config.stash[_MET]
        return
    if config.getoption("--rescind-coverage"):
        from rescind.testing.coverage import write_report  # noqa: PLC0415

        write_report(config.getoption("--rescind-coverage"), _tallies(config).report())
    if _shortfall(config) and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how much was met and, where it is too little, what was not and how to reach it."""
    wanted = config.getoption("--rescind-fail-under")
    if not config.stash[_MET] and wanted is None:
        return
    from rescind.testing.coverage import BASE  # noqa: PLC0415

    line, missed = _tallies(config).summary(BASE)
    terminalreporter.section("rescind")
    terminalreporter.write_line(line)
    if _shortfall(config):
        terminalreporter.write_line(f"expected {wanted:g}%; never met:", red=True)
        for one in missed:
            terminalreporter.write_line(f"  {one}")


def _shortfall(config: pytest.Config) -> bool:
    wanted: float | None = config.getoption("--rescind-fail-under")
    if wanted is None or config.getoption("collectonly"):
        return False
    return _tallies(config).percent < wanted


def _tallies(config: pytest.Config) -> Tallies:
    from rescind.coverage.gate import Tallies  # noqa: PLC0415

    return Tallies(config.stash[_MET])


@contextmanager
def usage_errors() -> Iterator[None]:
    """Report what a user of the plugin wrote wrong in one line, without a traceback."""
    from rescind.errors import RescindError  # noqa: PLC0415
    from rescind.testing import SandboxError  # noqa: PLC0415

    try:
        yield
    except (RescindError, SandboxError, TypeError) as wrong:
        raise pytest.UsageError(f"rescind: {wrong}") from None


def sandbox_name(request: pytest.FixtureRequest) -> str:
    """Return a name for the test's sandbox: what a person recognises, and what makes it the only one."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.uname().nodename}/{os.getpid()}")
    unique = hashlib.blake2b(f"{run}/{request.node.nodeid}".encode(), digest_size=4).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", request.node.name)[:40].strip("-")
    return f"{worker}-{readable}-{unique}"[:64]

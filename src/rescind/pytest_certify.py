"""The part of the pytest plugin for ``@pytest.mark.rescind_certify``: a test for each scenario of a vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from rescind.pytest_plugin import sandbox_name, usage_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescind.testing import Server
    from rescind.testing.marker import CertifiedCase, Scenario

_CERTIFY = "rescind_certify"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{_CERTIFY}(vendor, only=(), claims=None, timeout=60): run once for each scenario of the vendor's plan; the "
        "fixture scenario says what the client is given, and takes its claim",
    )


@pytest.fixture
def scenario(request: pytest.FixtureRequest, rescind_server: Server) -> Iterator[Scenario]:
    """Yield a scenario, begun in a sandbox of its own, for a test with ``@pytest.mark.rescind_certify``."""
    from rescind.testing.marker import Scenario  # noqa: PLC0415
    from rescind.testing.scenarios import BegunScenario  # noqa: PLC0415

    case: CertifiedCase | None = getattr(request, "param", None)
    if case is None:
        pytest.fail(f'scenario is for tests with @pytest.mark.{_CERTIFY}("VENDOR")')
    mine = rescind_server.sandbox(sandbox_name(request))
    try:
        yield Scenario(BegunScenario(mine, case.scenario["id"], case.timeout_seconds), case.claims)
    finally:
        mine.drop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with the marker once for each scenario."""
    mark = metafunc.definition.get_closest_marker(_CERTIFY)
    if mark is None:
        return
    from rescind.testing.marker import certified_cases  # noqa: PLC0415

    if "scenario" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid} has the marker {_CERTIFY}; it must take scenario")
    with usage_errors():
        found = certified_cases(metafunc.config.getoption("--rescind-url"), *mark.args, **mark.kwargs)
    metafunc.parametrize("scenario", found, ids=[case.scenario["id"] for case in found], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Any:
    """Take an exception of the client for its claim; fail a test without a claim, skip one that met no situation."""
    if pyfuncitem.get_closest_marker(_CERTIFY) is None:
        return (yield)
    scenario: Scenario = cast("Scenario", pyfuncitem.funcargs["scenario"])
    from rescind.errors import RescindError  # noqa: PLC0415
    from rescind.testing import SandboxError  # noqa: PLC0415

    try:
        result = yield
    except (AssertionError, RescindError, SandboxError):  # the test's own, and ours
        raise
    except Exception as raised:
        if scenario.verdict is not None:
            raise
        if not scenario.claim(raised)["calls"]:
            raise  # before its first call it is a mistake of the test
        result = True
    verdict = scenario.verdict
    if verdict is None:
        pytest.fail(f"the test claimed nothing: call scenario.claim(...) with what the client says of {scenario.order}")
    pyfuncitem.user_properties += [(_CERTIFY, finding["number"]) for finding in verdict["findings"]]
    if not verdict["calls"] and verdict["scenario"]["group"] == "answers":
        pytest.fail(f"the client sent nothing to {scenario.base_url}")
    if verdict["result"] == "not met":
        pytest.skip(f"not met: the client never came into the situation of {scenario.id}")
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the recommendations that the clients do not follow."""
    left: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, number in getattr(report, "user_properties", ()):
            if name == _CERTIFY and report.when == "call":
                left.setdefault(number, []).append(report.nodeid)
    if left:
        terminalreporter.section("rescind: recommendations")
        for number, tests in sorted(left.items()):
            terminalreporter.write_line(f"{number}, in {len(tests)} tests: {', '.join(tests[:3])}")

"""``@pytest.mark.rescind_certify``, in sessions of its own."""

from __future__ import annotations

import pytest

CLIENT = """
import httpx
import pytest

class Refused(Exception):
    pass

def cancel(base_url, order):
    reply = httpx.delete(f"{base_url}/api/v2/orders/{order}", timeout=1)
    if reply.status_code == 400:
        raise Refused(reply.text)
    return "gone" if reply.status_code == 200 else "refused"
"""


def run(project: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    project.makepyfile(CLIENT + test)
    return project.runpytest_subprocess(*options)


def test_each_scenario_is_a_test_whose_result_is_the_verdict(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
@pytest.mark.rescind_certify("rxuniverse", claims={Refused: "refused", httpx.HTTPError: "unknown"})
def test_certified(scenario):
    scenario.claim(cancel(scenario.base_url, scenario.order, **scenario.credentials))
""",
        "-rs",
        "-v",
    )
    result.assert_outcomes(passed=27, skipped=1)
    printed = result.stdout.str()
    assert "test_certified[rxuniverse.answers.non_cancel_station] PASSED" in printed
    assert "not met: the client never came into the situation of rxuniverse.lost.stale_connection" in printed
    assert "SHOULD 1, in 9 tests: " in printed


def test_broken_must_fails_the_test_with_the_evidence(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
@pytest.mark.rescind_certify("rxuniverse", only=["lost.connection_reset", "answers.cancelled"])
def test_certified(scenario):
    try:
        cancel(scenario.base_url, scenario.order)
    except httpx.HTTPError:
        pass
    scenario.claim("gone")
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            '*scenario.claim("gone")',
            "E   *CertificationError: MUST 1 in rxuniverse.lost.connection_reset: *",
            "E *happened: claimed `gone`, and order 72544 stands",
            "E *t + * ms  call 1: DELETE /api/v2/orders/72544",
            "E *hint: Claim `unknown` unless *",
        ]
    )
    assert "src/rescind" not in result.stdout.str()


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        ("cancel(scenario.base_url, scenario.order)", "failed", "the test claimed nothing"),
        ("scenario.claim('done')", "failed", "invalid claim 'done'; did you mean"),
        ("assert scenario.order == 'x'", "failed", "assert '72544' == 'x'"),
        ("raise Refused", "passed", ""),
        ("scenario.claim(Refused)", "passed", ""),
        ("scenario.claim('gone')", "failed", "MUST 1"),
        ("scenario.claim('unknown')", "failed", "the client sent nothing to http://127.0.0.1:"),
        ("{}['no such key']", "failed", "KeyError"),
        ("cancel(scenario.base_url, scenario.order); raise ValueError('no')", "passed", "SHOULD 6, in 1 tests"),
    ],
)
def test_what_a_test_does_with_its_scenario(project: pytest.Pytester, body: str, outcome: str, words: str) -> None:
    body = body.replace("raise Refused", "cancel(scenario.base_url, scenario.order); raise Refused")
    body = body.replace("scenario.claim(Refused)", "cancel(scenario.base_url, scenario.order); scenario.claim(Refused)")
    name = "non_cancel_station" if "Refused" in body else "cancelled"
    if "ValueError" in body or name == "non_cancel_station":
        body = body.replace("cancel(scenario", "httpx.delete(scenario").replace(
            "base_url, scenario.order)", "base_url + '/api/v2/orders/' + scenario.order)"
        )
    result = run(
        project,
        f"""
@pytest.mark.rescind_certify("rxuniverse", only="answers.{name}", claims={{Refused: "refused"}})
def test_certified(scenario):
    {body}
""",
        "-rs",
    )
    result.assert_outcomes(**{outcome: 1})
    assert words in result.stdout.str()


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ('"rxunivers"', "unknown vendor 'rxunivers'"),
        ('"rxuniverse", only="lost.hung"', "unknown scenario rxuniverse.lost.hung; did you mean rxuniverse.lost.hang?"),
        ('"rxuniverse", claims={Refused: "no"}', "invalid claim 'no'"),
        ('"rxuniverse", claims={"Refused": "refused"}', "claims maps exception classes to claims"),
        ('"rxuniverse", onli="x"', "onli"),
    ],
)
def test_wrong_marker_is_refused_in_one_line(project: pytest.Pytester, marker: str, words: str) -> None:
    result = run(project, f"@pytest.mark.rescind_certify({marker})\ndef test_it(scenario): pass")
    result.stderr.fnmatch_lines(["ERROR: rescind: *"]) if "ERROR: rescind" in result.stderr.str() else None
    assert words in result.stdout.str() + result.stderr.str()
    assert "Traceback" not in result.stderr.str()
    assert result.ret != 0


def test_marker_without_the_fixture_and_the_fixture_without_the_marker_are_refused(project: pytest.Pytester) -> None:
    assert (
        "it must take scenario"
        in run(project, '@pytest.mark.rescind_certify("rxuniverse")\ndef test_it(): pass').stdout.str()
    )
    assert (
        "scenario is for tests with @pytest.mark.rescind_certify"
        in run(project, "def test_it(scenario): pass").stdout.str()
    )


def test_scenarios_run_on_a_server_that_runs_already(project: pytest.Pytester, server: object) -> None:
    result = run(
        project,
        """
@pytest.mark.rescind_certify("rxuniverse", only="answers.cancelled")
def test_certified(scenario):
    scenario.claim(cancel(scenario.base_url, scenario.order))
""",
        f"--rescind-url={server.url}",  # type: ignore[attr-defined]
    )
    result.assert_outcomes(passed=1)

"""The pytest plugin, in sessions of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest

from support import ROOT, Server

EXAMPLE = ROOT / "tests" / "examples" / "python"


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*options)


def test_session_that_does_not_use_it_does_not_notice_it(project: pytest.Pytester) -> None:
    project.makepyfile("import sys\ndef test_it(): assert 'rescind.testing' not in sys.modules")
    result = run(project)
    result.assert_outcomes(passed=1)
    assert "rescind" not in "\n".join(line for line in result.outlines if not line.startswith(("plugins:", "rootdir:")))


@pytest.mark.parametrize("percent", ["101", "-1", "nan", "all"])
def test_percentage_out_of_range_is_refused(project: pytest.Pytester, percent: str) -> None:
    project.makepyfile("def test_it(sandbox): pass")
    result = run(project, f"--rescind-fail-under={percent}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--rescind-fail-under" in result.stderr.str()


def test_each_test_has_a_world_of_its_own(project: pytest.Pytester) -> None:
    case = """
        import httpx
        def test_it(sandbox):
            assert httpx.delete(sandbox.base_url + "/api/v2/orders/72544").status_code == 200
            assert "test_it" in sandbox.base_url and "main" in sandbox.base_url
        def test_again(sandbox):
            assert httpx.delete(sandbox.base_url + "/api/v2/orders/72544").status_code == 200
    """
    project.makepyfile(test_one=case, test_two=case)
    run(project).assert_outcomes(passed=4)


def test_failing_test_shows_the_journal_of_its_sandbox(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import httpx
        def test_it(sandbox):
            httpx.delete(sandbox.base_url + "/api/v2/orders/72547")
            assert False
        def test_without(): assert False
        """
    )
    result = run(project)
    result.stdout.fnmatch_lines(
        [
            "*the journal of http://127.0.0.1:*",
            "1. DELETE /api/v2/orders/72547",
            "   400 rxuniverse.cancelOrder.non_cancel_station",
            "   because stations 90: prevents_cancel is true",
        ]
    )
    assert str(result.stdout).count("the journal of") == 1


def test_sandbox_fixture_of_a_project_that_has_nothing_to_do_with_it_is_left_alone(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        class Box: journal, base_url = [], "x"
        @pytest.fixture
        def sandbox(): return Box()
        def test_a(sandbox): assert 0
        def test_b(): pass
        """
    )
    result = run(project)
    result.assert_outcomes(passed=1, failed=1)
    assert "the journal of" not in str(result.stdout)


def test_server_that_is_gone_when_a_test_fails_does_not_end_the_session(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_a(sandbox, rescind_server): rescind_server.stop(); assert 0
        def test_b(): pass
        """
    )
    result = run(project)
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["The journal cannot be read: no answer*"])


@pytest.mark.parametrize("workers", ["0", "2"])
def test_gate_counts_what_all_tests_and_all_workers_have_met(project: pytest.Pytester, workers: str) -> None:
    project.makepyfile(
        """
        import httpx, pytest
        @pytest.mark.parametrize("order", ["CANCEL-ME", "CANCELLED", "STATION", "NO-TRACKER", "NOT-FOUND", "NO-REASON"])
        def test_it(sandbox, order):
            httpx.delete(sandbox.base_url + "/api/v2/orders/" + order)
        """
    )
    options = ("--rescind-vendor", "rxuniverse", "--rescind-operation", "rxuniverse.cancelOrder", "-n", workers)
    enough = run(project, *options, "--rescind-fail-under=54.5")
    assert enough.ret == 0
    enough.stdout.fnmatch_lines(["6 of 11 documented outcomes met (54.5%)"])
    short = run(project, *options, "--rescind-fail-under=54.6")
    assert short.ret == 1
    short.assert_outcomes(passed=6)
    short.stdout.fnmatch_lines(
        [
            "expected 54.6%; never met:",
            "  rxuniverse.cancelOrder.delete_reason_invalid",
            "    curl -i -X DELETE 'BASE/api/v2/orders/BAD-REASON?deleteReason=9999'",
        ]
    )
    assert "rxuniverse.cancelOrder.non_cancel_station" not in str(short.stdout)


def test_gate_without_any_sandbox_is_not_passed(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(): pass")
    result = run(project, "--rescind-fail-under=1")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["no test has used a sandbox"])


def test_report_is_written_in_the_format_of_its_name(project: pytest.Pytester) -> None:
    project.makepyfile('import httpx\ndef test_it(sandbox): httpx.delete(sandbox.base_url + "/api/v2/orders/72544")')
    for name in ("met.json", "met.md", "met.xml", "out/met.html"):
        assert run(project, f"--rescind-coverage={name}", "--rescind-vendor=rxuniverse").ret == 0
    assert json.loads(Path("met.json").read_text())["total"] == {"outcomes": 28, "met": 1, "percent": 3.6}
    assert "1 of 28 outcomes met" in Path("met.md").read_text()
    assert len(ET.fromstring(Path("met.xml").read_text()).findall(".//failure")) == 27
    assert "<!doctype html>" in Path("out/met.html").read_text()
    wrong = run(project, "--rescind-coverage=met.txt")
    assert wrong.ret != 0
    said = str(wrong.stdout) + str(wrong.stderr)
    assert "expected a name that ends in one of .json, .md, .xml, .html" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("operation", ["alephee.deleteOrder", "rxuniverse.cancelOrder", "exsited.deleteOrder", "ecommerce.deleteOrder"])  # fmt: skip
def test_marker_runs_a_test_for_each_outcome_and_its_facts_meet_it(project: pytest.Pytester, operation: str) -> None:
    project.makepyfile(
        f"""
        import httpx, pytest
        @pytest.mark.rescind_outcomes("{operation}")
        def test_it(sandbox, rescind_outcome):
            request = rescind_outcome.request
            url = sandbox.base_url + request["path"]
            reply = httpx.request(request["method"], url, headers=request["headers"], json=request.get("json"))
            assert reply.headers["X-Rescind-Outcome"] == rescind_outcome.id
            assert reply.status_code == rescind_outcome.status
            assert all(str(value) in str(request) for value in rescind_outcome.parameters.values())
        """
    )
    result = run(project, "-v", "--rescind-vendor", operation.partition(".")[0])
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*::test_it?*not_found*? PASSED*"])


def test_marker_chooses_by_name_and_by_provenance(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        @pytest.mark.rescind_outcomes("alephee.deleteOrder", only="rate_limited")
        def test_one(sandbox, rescind_outcome): pass
        @pytest.mark.rescind_outcomes("exsited.deleteOrder", provenance=["vendor-docs", "documented"])
        def test_marked(sandbox, rescind_outcome): pass
        """
    )
    result = run(project, "--collect-only", "-q")
    assert [line.partition("::")[2] for line in result.outlines if "::" in line] == [
        "test_one[rate_limited]",
        "test_marked[deleted]",
        "test_marked[missing_token]",
        "test_marked[invalid_token]",
        "test_marked[expired_token]",
    ]


@pytest.mark.parametrize(
    ("mark", "arguments", "words"),
    [
        ('"alephee.deleteOder"', "rescind_outcome", "unknown operation 'alephee.deleteOder'; expected one of: alephee.deleteOrder"),
        ('"alephee.deleteOrder", only="rate_limted"', "rescind_outcome", "unknown outcome 'rate_limted'"),
        ('"alephee.deleteOrder", provenance="rumour"', "rescind_outcome", "unknown provenance 'rumour'"),
        ('"alephee.deleteOrder", provenance="vendor-docs"', "rescind_outcome", "no outcome of alephee.deleteOrder has provenance vendor-docs; expected one of: assumed, documented"),
        ('"alephee.deleteOrder"', "sandbox", "it must take rescind_outcome"),
        ('"alephee.deleteOrder", status=404', "rescind_outcome", "unexpected keyword argument 'status'"),
        ("", "rescind_outcome", "missing 1 required positional argument: 'operation'"),
    ],
)  # fmt: skip
def test_typo_in_the_marker_is_told_with_what_would_be_right(
    project: pytest.Pytester, mark: str, arguments: str, words: str
) -> None:
    project.makepyfile(f"import pytest\n@pytest.mark.rescind_outcomes({mark})\ndef test_it({arguments}): pass")
    result = run(project)
    assert result.ret != 0
    assert words in str(result.stdout) + str(result.stderr)
    assert "Traceback" not in str(result.stdout) + str(result.stderr)


def test_fixture_of_the_marker_without_it_says_so(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(rescind_outcome): pass")
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*rescind_outcome is for tests with @pytest.mark.rescind_outcomes*"])


def test_server_that_runs_already_is_used_and_left_clean(project: pytest.Pytester, server: Server) -> None:
    project.makepyfile(
        f"""
        import httpx
        def test_it(sandbox):
            assert sandbox.base_url.startswith("{server.url}/~")
            assert httpx.delete(sandbox.base_url + "/api/v2/orders/72544").status_code == 200
        """
    )
    run(project, f"--rescind-url={server.url}", "--rescind-vendor=rxuniverse").assert_outcomes(passed=1)
    names = [one["name"] for one in httpx.get(f"{server.url}/_rescind/sandboxes").json()["sandboxes"]]
    assert not [name for name in names if name.startswith("main-test_it")]


def test_server_that_is_not_there_is_an_error_with_a_remedy(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(sandbox): pass")
    result = run(project, "--rescind-url=http://127.0.0.1:1")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*is the server running there?*"])


def test_example_project_passes_at_60_and_fails_at_100(project: pytest.Pytester) -> None:
    shutil.copytree(EXAMPLE, project.path, dirs_exist_ok=True)
    assert run(project, "-n", "2", "--rescind-fail-under=60").ret == 0
    short = run(project, "-n", "2", "--rescind-fail-under=100")
    assert short.ret == 1
    short.stdout.fnmatch_lines(["expected 100%; never met:", "*alephee.deleteOrder.server_error"])

"""``rescind certify`` as a user runs it: options, reports, refusals, and a plan that is not finished."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from test_commands import is_alive
from zoo import CLIENTS

from redis_servers import wait_until
from rescind.cli import main
from support import Server, serving

CLIENT = (sys.executable, str(CLIENTS / "rxuniverse.py"), "{base_url}", "{order}")
LIAR = (sys.executable, "-c", "pass")
COMMAND = (sys.executable, "-m", "rescind")
ONLY = ("--only", "answers.cancelled", "--only", "rxuniverse.lost.reply_lost")


def certify(*words: str, vendor: str = "rxuniverse") -> int:
    return main(["certify", "--vendor", vendor, *words])


def test_plan_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert certify("--list") == 0
    assert "rxuniverse.lost.reply_lost " in capsys.readouterr().out
    assert certify("--list", "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)["scenarios"]) == 28


def test_certified_client_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(*ONLY, "--", *CLIENT) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("rxuniverse: 2 of 28 scenarios in ")
    assert printed.out.endswith("\nverdict: certified\n")
    assert printed.err == ""


def test_client_that_lies_exits_with_1_and_the_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    assert certify("--only", "answers.non_cancel_station", "--", *LIAR) == 1
    printed = capsys.readouterr().out
    for words in (
        "MUST 1 in rxuniverse.answers.non_cancel_station",
        "happened: claimed `gone`, and order 72544 stands",
        "  order 72544 stands",
        "  the client claims gone",
        "  hint: ",
        "(RFC 9112, section 8",
        "  repeat: rescind certify --vendor rxuniverse --only rxuniverse.answers.non_cancel_station --keep -- ",
        "verdict: not certified",
    ):
        assert words in printed


def test_client_that_is_in_no_situation_is_not_certified(capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(*ONLY, "--", sys.executable, "-c", "raise SystemExit(75)") == 1
    printed = capsys.readouterr().out
    assert "verdict: not certified: the client was in none of the situations" in printed
    assert "not met: the client never came into these situations" in printed


@pytest.mark.parametrize("form", ["table", "json", "junit", "markdown", "html"])
def test_every_format_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    report = tmp_path / "report"
    assert certify(*ONLY, "--format", form, "--output", str(report), "--", *LIAR) == 1
    assert capsys.readouterr().out == f"not certified; the report is in {report}\n"
    text = report.read_text()
    assert "rxuniverse" in text
    if form == "json":
        certificate = json.loads(text)
        assert certificate["counts"] == {"passed": 0, "recommended": 0, "failed": 2, "not met": 0}
        assert certificate["scenarios"][0]["findings"][0]["number"] == "MUST 1"
    elif form == "junit":
        cases = ET.fromstring(text).findall(".//testcase")
        assert [(case.get("classname"), case.get("name")) for case in cases] == [
            ("rxuniverse.answers", "cancelled"), ("rxuniverse.lost", "reply_lost"),
        ]  # fmt: skip
        failure = cases[0].find("failure")
        assert failure is not None
        assert "MUST 1: claimed `gone`" in failure.attrib["message"]
    elif form == "html":
        assert "<svg" in text
        assert "not certified" in text
        assert "src=" not in text
        assert "<link" not in text
    elif form == "markdown":
        assert "## MUST 1: `rxuniverse.answers.cancelled`" in text


def test_junit_skips_what_was_not_met(capsys: pytest.CaptureFixture[str]) -> None:
    certify("--only", "answers.cancelled", "--format", "junit", "--", sys.executable, "-c", "raise SystemExit(75)")
    suite = ET.fromstring(capsys.readouterr().out).find("testsuite")
    assert suite is not None
    assert (suite.get("skipped"), suite.get("failures")) == ("1", "0")


def test_baseline_counts_only_what_is_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tmp_path / "before.json"
    certify("--only", "answers.cancelled", "--format", "json", "--output", str(before), "--", *LIAR)
    capsys.readouterr()
    assert certify("--only", "answers.cancelled", "--baseline", str(before), "--", *LIAR) == 0
    printed = capsys.readouterr().out
    assert "(known from the baseline)" in printed
    assert printed.endswith("verdict: certified\n")
    assert certify("--only", "answers.cancelled", "--baseline", str(before), "--format", "junit", "--", *LIAR) == 0
    assert "<failure" not in capsys.readouterr().out
    assert certify(*ONLY, "--baseline", str(before), "--", *LIAR) == 1
    assert certify("--baseline", str(before), "--", *LIAR, vendor="alephee") == 2
    assert "it is about rxuniverse, not about alephee" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--only", "lost.hung", "--", *LIAR),
            "unknown scenario rxuniverse.lost.hung; did you mean rxuniverse.lost.hang?",
        ),
        (("--", sys.executable, "{ordr}"), "unknown placeholder {ordr}; did you mean {order}?"),
        (("--", "no-such-client"), "cannot run no-such-client: there is no such command"),
        ((), "missing command"),
        (("--claim", "22=done", "--", *LIAR), "invalid claim '22=done'"),
        (("--baseline", "no-such-file", "--", *LIAR), "cannot read the baseline no-such-file"),
        (("--baseline", "pyproject.toml", "--", *LIAR), "invalid baseline pyproject.toml"),
        (("--keep", "--", *LIAR), "--keep keeps the sandbox of one scenario"),
        (("--url", "http://127.0.0.1:1", "--", *LIAR), "does not answer"),
        (("--url", "127.0.0.1:1", "--", *LIAR), "write http://HOST:PORT, without a sandbox"),
        (("--url", "http://127.0.0.1:1/~mine", "--", *LIAR), "write http://HOST:PORT, without a sandbox"),
        (("--timeout", "nan", "--", *LIAR), "invalid timeout nan"),
        (("--output", "no-such-folder/report", *ONLY, "--", *LIAR), "cannot write no-such-folder/report"),
    ],
)
def test_wrong_usage_is_one_line_and_exits_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent.parent)
    assert certify(*words) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


def test_system_without_process_groups_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert certify("--", *LIAR) == 2
    assert capsys.readouterr().err.startswith("rescind: certify does not run on Windows; use WSL")


def test_unknown_vendor_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert certify("--list", vendor="alephe") == 2
    assert capsys.readouterr().err.startswith("rescind: unknown vendor 'alephe'; did you mean 'alephee'?")


@pytest.mark.parametrize("words", [("--jobs", "0"), ("--timeout", "0"), ("--format", "xml"), ("--vendors", "x")])
def test_wrong_value_exits_with_2(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert certify(*words, "--", *LIAR) == 2
    assert words[0] in capsys.readouterr().err


def test_options_can_be_variables(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in (("ONLY", "answers.cancelled"), ("TIMEOUT", "5"), ("CLAIM", "9=gone,8=refused"), ("JOBS", "1")):
        monkeypatch.setenv(f"RESCIND_{name}", value)
    assert certify("--", *CLIENT) == 0
    assert capsys.readouterr().out.startswith("rxuniverse: 1 of 28 scenarios in ")


def test_server_that_runs_already_is_used_and_left_as_it_was(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert certify(*ONLY, "--url", server.url, "--", *CLIENT) == 0
    assert "verdict: certified" in capsys.readouterr().out
    names = [one["name"] for one in httpx.get(f"{server.url}/_rescind/sandboxes").json()["sandboxes"]]
    assert not [name for name in names if name.startswith("certify-")]


def test_server_that_goes_away_ends_the_plan_with_what_was_found(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with serving() as server:
        client = f"import os, signal, time; os.environ['CERTIFY_ORDER'] == '9999999' and os.kill({server.process.pid}, signal.SIGKILL)"
        command = [
            *COMMAND,
            "certify",
            "--vendor",
            "rxuniverse",
            "--url",
            server.url,
            "--jobs",
            "1",
            "--format",
            "json",
        ]
        only = [
            word for name in ("cancelled", "not_found", "non_cancel_station") for word in ("--only", f"answers.{name}")
        ]
        done = subprocess.run(
            [*command, *only, "--output", str(report), "--", sys.executable, "-c", client],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    certificate = json.loads(report.read_text())
    assert len(certificate["scenarios"]) == 1
    assert certificate["total"] == 3
    assert "does not answer" in certificate["unfinished"]
    assert "Traceback" not in done.stderr


def test_interruption_ends_the_runs_and_reports_what_was_found(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    client = f"import os, time; open({str(pids)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(600)"
    command = [*COMMAND, "certify", "--vendor", "rxuniverse", "--", sys.executable, "-c", client]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: pids.exists() and len(pids.read_text().split()) >= 4)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "verdict: not certified: the plan was not finished (interrupted)" in out
    assert err == ""
    left = [int(pid) for pid in pids.read_text().split()]
    wait_until(lambda: not any(map(is_alive, left)))  # one that was killed may wait a moment to be reaped


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_leave_no_client_behind_either(tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids"
    client = f"import os, time; open({str(pids)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(600)"
    command = [*COMMAND, "certify", "--vendor", "rxuniverse", "--jobs", "2", "--", sys.executable, "-c", client]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: pids.exists() and len(pids.read_text().split()) >= 2)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (1, "")
    assert "the plan was not finished (interrupted)" in out
    left = [int(pid) for pid in pids.read_text().split()]
    wait_until(lambda: not any(map(is_alive, left)))  # one that was killed may wait a moment to be reaped


def test_group_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert certify("--only", "races", "--only", "rxuniverse.tolerance", "--list", "--format", "json") == 0
    groups = [one["group"] for one in json.loads(capsys.readouterr().out)["scenarios"]]
    assert groups == ["races", *["tolerance"] * 4]


def test_client_that_ends_before_its_first_call_is_shown_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(*ONLY, "--", sys.executable, "-c", "import nosuchmodule") == 1
    said = "scenarios in which it sent nothing: 2; in rxuniverse.answers.cancelled the client claims unknown"
    assert f"{said} (ModuleNotFoundError: No module named 'nosuchmodule')" in capsys.readouterr().out


def test_client_that_never_deletes_is_not_certified(capsys: pytest.CaptureFixture[str]) -> None:
    read = "import sys, urllib.request as u; u.urlopen(sys.argv[1] + '/api/v2/orders/' + sys.argv[2] + '/status'); sys.exit(75)"
    assert certify("--jobs", "8", "--", sys.executable, "-c", read, "{base_url}", "{order}") == 1
    assert "verdict: not certified" in capsys.readouterr().out


def test_program_without_an_interpreter_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "client"
    script.write_text("exit 0")
    script.chmod(0o755)
    assert certify(*ONLY, "--", str(script)) == 2
    assert f"cannot run {script}: Exec format error" in capsys.readouterr().err


def test_kept_sandbox_is_served_until_an_interruption() -> None:
    command = [*COMMAND, "certify", "--vendor", "rxuniverse", "--only", "answers.cancelled", "--keep", "--", *CLIENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines: list[str] = []
        while not lines or "The sandbox stays until Ctrl-C" not in lines[-1]:
            lines.append(process.stdout.readline())
        url = lines[-1].split()[-1]
        entries = httpx.get(url).json()["entries"]
        assert [entry["outcome"] for entry in entries] == ["rxuniverse.cancelOrder.cancelled"]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    script = tmp_path / "typescript"
    words = " ".join([*COMMAND, "certify", "--vendor", "rxuniverse", *ONLY, "--", *CLIENT])
    subprocess.run(["script", "-qec", words, str(script)], check=True, capture_output=True, timeout=60)
    assert "100%" in script.read_text()


def test_time_of_a_run_that_never_ends_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    assert certify("--only", "answers.cancelled", "--timeout", "1", "--", sys.executable, "-c", "while True: pass") == 1
    assert time.monotonic() - began < 30
    assert "MUST 5 in rxuniverse.answers.cancelled" in capsys.readouterr().out

"""A client as a command: what it is given, what it claims, and that nothing of it stays behind."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rescind.errors import SettingsError
from rescind.testing.commands import EXIT_CODES, Command, parse_claims

NEVER = threading.Event()
GIVES = {"base_url": "http://127.0.0.1:1", "order": "72544", "api_key": "demo-key"}


def run(code: str, *words: str, timeout: float = 10, stop: threading.Event = NEVER) -> dict[str, Any]:
    """Run Python code as a client."""
    return Command((sys.executable, "-c", code, *words), EXIT_CODES).run(GIVES, timeout, stop)


@pytest.mark.parametrize(
    ("code", "ran"),
    [
        ("", {"claim": "gone", "detail": "exit code 0"}),
        ("raise SystemExit(3)", {"claim": "refused", "detail": "exit code 3"}),
        ("raise SystemExit(75)", {"claim": "unknown", "detail": "exit code 75"}),
        ("raise SystemExit(1)", {"claim": "unknown", "detail": "exit code 1"}),
        ("1 / 0", {"claim": "unknown", "uncaught": "ZeroDivisionError: division by zero"}),
        ('print(\'{"claim": "refused", "detail": "412"}\')', {"claim": "refused", "detail": "412"}),
        ('print(\'{"claim": "gone"}\\n\'); raise SystemExit(75)', {"claim": "gone", "detail": ""}),
        ('print(\'{"claim": "gone", "detail": [1]}\')', {"claim": "gone", "detail": "[1]"}),
        (
            "print('{\"claim\": \"gone\"}'); print('bye'); raise SystemExit(3)",
            {"claim": "refused", "detail": "exit code 3"},
        ),
        ("print('{\"status\": 204}')", {"claim": "gone", "detail": "exit code 0"}),
        ("print('{not json')", {"claim": "gone", "detail": "exit code 0"}),
        ("print('{\"a\":' * 9000); raise SystemExit(3)", {"claim": "refused", "detail": "exit code 3"}),
        (
            "import sys; sys.stderr.write('Traceback (most recent call last):\\nX: y\\n'); sys.exit(3)",
            {"claim": "refused", "detail": "exit code 3"},
        ),
        ('print(\'{"claim": "gone", "detail": "\\\\udce9"}\')', {"claim": "gone", "detail": "?"}),
        (
            "import sys; sys.stderr.write('Traceback (most recent call last):\\nX: y\\n')",
            {"claim": "gone", "detail": "exit code 0"},
        ),
        (
            "import sys; sys.stderr.write('panic: boom\\n'); sys.exit(2)",
            {"claim": "unknown", "uncaught": "panic: boom"},
        ),
    ],
)
def test_claim_is_the_last_line_or_the_exit_code(code: str, ran: dict[str, Any]) -> None:
    assert run(code) == ran


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(9)", "ended with exit code 9, which has no meaning; map it with --claim 9=CLAIM"),
        (
            "import sys; sys.exit('no file') if 0 else (sys.stderr.write('no file\\n'), sys.exit(2))",
            "ended with exit code 2, which has no meaning; map it with --claim 2=CLAIM; the last it said is: no file",
        ),
        (
            'print(\'{"claim": "gone"\')',
            'has {"claim": "gone" on its last line, which is not a JSON object with "claim"',
        ),
        (
            'print(\'{"Claim": "gone"}\')',
            'has {"Claim": "gone"} on its last line, which is not a JSON object with "claim"',
        ),
        ("import os; os.abort()", "ended by SIGABRT"),
        ('import os; print(\'{"claim": "gone"}\', flush=True); os.kill(os.getpid(), 9)', "ended by SIGKILL"),
        ('print(\'{"claim": "done"}\')', 'claims "done" on its last line; a claim is gone, refused or unknown'),
        ("print('{\"claim\": 1}')", "claims 1 on its last line; a claim is gone, refused or unknown"),
    ],
)
def test_end_without_a_claim_is_a_crash_that_says_why(code: str, words: str) -> None:
    assert run(code)["crash"] == words


def test_placeholders_are_filled_in_and_stand_in_the_environment() -> None:
    code = "import os, sys; assert sys.argv[1:] == ['http://127.0.0.1:1/72544', '{{order}}', 'x']; assert os.environ['CERTIFY_API_KEY'] == 'demo-key'; assert os.environ['CERTIFY_ORDER'] == '72544'; assert '127.0.0.1' in os.environ['NO_PROXY']"
    assert run(code, "{base_url}/{order}", "{{order}}", "x") == {"claim": "gone", "detail": "exit code 0"}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "missing command"),
        (("no-such-client", "{order}"), "cannot run no-such-client: there is no such command"),
        (("./pyproject.toml",), "cannot run ./pyproject.toml: it is not executable"),
        ((sys.executable, "{ordr}"), "unknown placeholder {ordr}; did you mean {order}?"),
        ((sys.executable, "{token}"), "There are: {base_url}, {order}, {api_key}"),
    ],
)
def test_command_that_cannot_work_is_refused_before_it_runs(
    monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent.parent)
    with pytest.raises(SettingsError) as refusal:
        Command(argv, EXIT_CODES).check(GIVES)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_program_that_is_no_program_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "client"
    script.write_text("")
    script.chmod(0o755)
    script.write_bytes(b"\x7fELF no program")
    with pytest.raises(SettingsError, match=r"cannot run .*client"):
        Command((str(script),), EXIT_CODES).run(GIVES, 5, NEVER)


def test_exit_codes_are_mapped() -> None:
    assert parse_claims(["22=refused", "0=unknown"]) == {**EXIT_CODES, 22: "refused", 0: "unknown"}


@pytest.mark.parametrize("text", ["22", "22=", "x=gone", "22=done", "256=gone", "-1=gone", "\u0662=gone"])
def test_wrong_mapping_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="a claim is gone, refused or unknown"):
        parse_claims([text])


def test_run_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}} {{daemon.pid}}")
time.sleep(600)
"""
    assert run(code, timeout=2) == {"claim": None, "timed_out": True}
    assert not [pid for pid in pids.read_text().split() if is_alive(int(pid))]


def test_children_that_are_left_behind_are_ended_and_hold_up_nobody(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
import subprocess, sys
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
left = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]
open({str(pids)!r}, "w").write(" ".join(str(one.pid) for one in left))
print('{{"claim": "gone"}}')
"""
    began = time.monotonic()
    assert run(code, timeout=100) == {"claim": "gone", "detail": ""}
    assert time.monotonic() - began < 60
    assert not [pid for pid in pids.read_text().split() if is_alive(int(pid))]


def test_megabytes_of_output_are_read_and_dropped() -> None:
    code = "import sys; [sys.stdout.write('x' * 79 + chr(10)) for _ in range(400_000)]; sys.stderr.write('y' * 10**7); print('{\"claim\": \"refused\"}')"
    assert run(code, timeout=60) == {"claim": "refused", "detail": ""}


def test_stdin_is_empty() -> None:
    assert run("import sys; assert sys.stdin.read() == ''")["claim"] == "gone"


def test_stop_ends_a_run() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    assert run("import time; time.sleep(600)", timeout=500, stop=stop)["timed_out"]


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return False

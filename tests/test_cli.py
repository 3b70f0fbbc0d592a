"""The command line: what it prints, how it starts and stops, and how it says what is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from rescind.cli import main
from rescind.documents import shipped
from support import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable


def test_first_line_is_exact_and_true_and_a_table_follows() -> None:
    server = Server()
    try:
        assert server.first_line == f"Rescind ready on {server.url}"
        assert httpx.get(f"{server.url}/_rescind/health").status_code == 200
        assert server.process.stdout is not None
        lines = [server.process.stdout.readline() for _ in range(5)]
    finally:
        server.stop()
    assert lines[0].split() == ["VENDOR", "CREDENTIALS", "TRY"]
    assert "demo-key" in lines[1]
    assert f"{server.url}/v2/orders?" in lines[1]


def exit_code(monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str]) -> int:
    """Run the command with these variables."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return main(arguments)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_it_cleanly(number: signal.Signals) -> None:
    server = Server()
    with httpx.Client() as client:  # a connection that is still open
        client.delete(f"{server.url}/api/v2/orders/72544")
        server.process.send_signal(number)
        assert server.process.wait(timeout=30) == 0
    server.stop()
    assert server.errors == []


def test_port_in_use_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port" in errors


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["serve"], {"RESCIND_PROT": "1"}, "unknown setting RESCIND_PROT; did you mean RESCIND_PORT?"),
        (["serve", "--port", "70000"], {}, "invalid port 70000: use 0 (a free port) to 65535"),
        (["serve", "--max-body", "0"], {}, "invalid max-body 0: use a number from 1"),
        (
            ["serve", "--store", "mysql://localhost"],
            {},
            "unknown store 'mysql://localhost': expected a URL that begins with one of: memory://",
        ),
        (["serve", "--store", "redis://localhost:1"], {}, "the store at redis://localhost:1 does not answer"),
        (["serve", "--workers", "2"], {}, "2 workers would have 2 worlds"),
        (["serve", "--workers", "2", "--store", "memory"], {}, "2 workers would have 2 worlds"),
        (["serve", "--store", "memory"], {}, "unknown store 'memory'"),
        (["serve", "--control-token", ""], {}, "invalid control token: use visible ASCII text"),
        (["serve", "--vendor", "alephe"], {}, "unknown vendor"),
        (["serve", "--spec", "/nowhere"], {}, "the folder does not exist"),
        (["serve", "--fixtures", "/nowhere"], {}, "the folder does not exist"),
        (["serve", "--spec", __file__], {}, "expected a folder, got a file"),
        (["serve", "--vendor", "alephe"], {}, "did you mean 'alephee'?"),
        (["check", "/nowhere"], {}, "the file or folder does not exist"),
    ],
)
def test_wrong_setting_is_refused_with_the_remedy(
    arguments: list[str],
    environment: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(monkeypatch, arguments, environment) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["serve"], {"RESCIND_PORT": "x"}, "(env var: 'RESCIND_PORT'): 'x' is not a valid integer"),
        (["serve"], {"RESCIND_RELOAD": "maybe"}, "(env var: 'RESCIND_RELOAD'): 'maybe' is not a valid boolean"),
        (["outcomes"], {"RESCIND_FORMAT": "xml"}, "'xml' is not one of 'table', 'json', 'markdown'"),
        (["serve", "--prot", "1"], {}, "Did you mean one of: '--host', '--port'?"),
        (["serv"], {}, "No such command 'serv'. Did you mean 'serve'?"),
        (["coverage"], {}, "Missing option '--url'"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_would_be_right(
    arguments: list[str],
    environment: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(monkeypatch, arguments, environment) == 2
    assert words in capsys.readouterr().err


def test_shell_completion_knows_commands_and_options() -> None:
    environment = {"_RESCIND_COMPLETE": "bash_complete", "COMP_WORDS": "rescind serve --wor", "COMP_CWORD": "2"}
    command = [str(Path(sys.executable).with_name("rescind"))]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert "--workers" in done.stdout


def test_environment_sets_what_options_set() -> None:
    with serving(RESCIND_VENDOR="rxuniverse, exsited", RESCIND_NO_DEBUG_HEADERS="1") as server:
        assert httpx.get(f"{server.url}/_rescind/health").json()["vendors"] == ["rxuniverse", "exsited"]
        assert "x-rescind-outcome" not in httpx.delete(f"{server.url}/api/v2/orders/1").headers


def test_outcomes_prints_table_json_and_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    printed = {}
    for form in ("table", "json", "markdown"):
        assert main(["outcomes", "--vendor", "rxuniverse", "--format", form]) == 0
        printed[form] = capsys.readouterr().out
    names = [entry["id"] for entry in json.loads(printed["json"])["outcomes"]]
    assert len(names) == 28
    for name in names:
        assert name in printed["table"]
        assert f"| `{name.rpartition('.')[2]}` |" in printed["markdown"]
    assert printed["markdown"].count("curl -i") == 28


def test_curl_line_of_each_outcome_gives_it(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    main(["outcomes", "--format", "markdown", "--vendor", "exsited"])
    rows = [row.split(" | ") for row in capsys.readouterr().out.splitlines() if row.startswith("| `")]
    assert len(rows) == 35
    for number, row in enumerate(rows):
        command = row[-1].strip("`| ").replace("http://127.0.0.1:8080", f"{server.url}/~curl-{number}")
        reply = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
        assert f".{row[0].strip('|` ')}\n" in reply.replace("\r", "")


def test_check_finds_nothing_wrong_with_what_comes_with_rescind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert "9 files, nothing wrong" in capsys.readouterr().out


def test_check_lists_every_finding_of_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fixture = (shipped.FIXTURE_DIR / "alephee.yaml").read_text().replace("quantity: 5", "quantity: five")
    (tmp_path / "alephee.yaml").write_text(fixture)
    (tmp_path / "orphan.yaml").write_text("orders: {}")
    (tmp_path / "broken.yaml").write_text("a: [")
    spec = (
        (shipped.SPEC_DIR / "exsited.yaml")
        .read_text()
        .replace("{mark: assumed, conf", "{mark: guessed, source: X, conf", 1)
    )
    (tmp_path / "exsited.yaml").write_text(spec)
    assert main(["check", str(tmp_path)]) == 1
    errors = capsys.readouterr().err
    for words in (
        "alephee.yaml:61:29: items.0.quantity: Not a valid integer. (found 'five')",
        "orphan.yaml: found no spec named 'orphan'",
        "broken.yaml:2:1:",
        '"guessed" is not one of',
    ):
        assert words in errors
    assert errors.count("remedy:") == 4


def wait_for(condition: Callable[[], bool]) -> float:
    """Seconds until the condition holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 60, "never happened"
        time.sleep(0.02)
    return time.monotonic() - began


def test_reload_picks_up_edits_and_survives_a_broken_one(tmp_path: Path) -> None:
    fixture = tmp_path / "rxuniverse.yaml"
    original = (shipped.FIXTURE_DIR / "rxuniverse.yaml").read_text()
    fixture.write_text(original)
    with serving("--reload", "--fixtures", str(tmp_path)) as server, httpx.Client() as client:

        def finds(identifier: str) -> bool:
            return client.get(f"{server.url}/api/v2/orders/{identifier}/status").status_code == 200

        client.delete(f"{server.url}/api/v2/orders/72544")
        assert not finds("88888")
        fixture.write_text(original.replace('"72545":', '"88888":'))
        assert wait_for(lambda: finds("88888")) < 10  # a second on a machine that does nothing else
        assert client.delete(f"{server.url}/api/v2/orders/72544").status_code == 400  # the world is as it was
        fixture.write_text(original.replace("status: P", "status: X", 1))
        wait_for(lambda: "Not reloaded" in "".join(server.errors))
        wait_for(lambda: "statuses has no 'X'" in "".join(server.errors))
        assert finds("88888")
        fixture.write_text(original)
        wait_for(lambda: finds("72545"))


def test_wheel_works_outside_the_checkout(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    root = Path(__file__).parent.parent
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(tmp_path), str(root)], check=True)
    (wheel,) = tmp_path.glob("rescind-*.whl")
    target = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(target)}
    code = "import rescind, sys; sys.exit(not rescind.__file__.startswith(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(target)], check=True, env=environment, cwd=tmp_path)
    checked = subprocess.run(
        [sys.executable, "-m", "rescind", "check"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    assert "9 files, nothing wrong" in checked.stdout
    assert str(target) in checked.stdout
    with serving(PYTHONPATH=str(target)) as server:
        assert httpx.delete(f"{server.url}/api/v2/orders/72544").status_code == 200
        page = httpx.get(f"{server.url}/_rescind/coverage", headers={"Accept": "text/html"})
        assert "1 of 216 documented outcomes met" in page.text

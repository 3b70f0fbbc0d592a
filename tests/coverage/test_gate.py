"""``rescind coverage``: the gate of a build."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from rescind.cli import main
from support import serving


def coverage(url: str, *options: str) -> int:
    return main(["coverage", "--url", url, *options])


def test_gate_opens_only_when_enough_was_met(sandbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    httpx.delete(f"{sandbox}/api/v2/orders/72544")
    assert coverage(sandbox, "--operation", "rxuniverse.cancelOrder", "--fail-under", "9.1") == 0
    printed = capsys.readouterr()
    assert "1 of 11 outcomes met (9.1%)" in printed.out
    assert coverage(sandbox, "--operation", "rxuniverse.cancelOrder", "--fail-under", "10") == 1
    missed = capsys.readouterr().err
    assert "9.1% of the outcomes met, expected 10%" in missed
    assert f"curl -i -X DELETE '{sandbox}/api/v2/orders/NO-TRACKER'" in missed


def test_ignored_outcomes_do_not_count(sandbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    entries = httpx.get(f"{sandbox}/_rescind/outcomes").json()["outcomes"]
    ids = [entry["id"] for entry in entries if entry["vendor"] == "exsited"]
    ids.remove("exsited.deleteOrder.missing_token")
    ignored = [word for name in ids for word in ("--ignore", name)]
    assert coverage(sandbox, "--vendor", "exsited", "--fail-under", "100", *ignored) == 1
    httpx.delete(f"{sandbox}/api/v3/orders/1")
    assert coverage(sandbox, "--vendor", "exsited", "--fail-under", "100", *ignored) == 0
    assert "1 of 1 outcomes met" in capsys.readouterr().out


def test_environment_sets_what_options_set(
    sandbox: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"URL": sandbox, "FAIL_UNDER": "1", "VENDOR": "exsited"}.items():
        monkeypatch.setenv(f"RESCIND_{name}", value)
    assert main(["coverage"]) == 1
    assert "0.0% of the outcomes met, expected 1%" in capsys.readouterr().err
    monkeypatch.setenv("RESCIND_FAIL_UNDER", "all")
    assert main(["coverage"]) == 2
    assert "(env var: 'RESCIND_FAIL_UNDER'): 'all' is not a valid float" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "markdown", "junit", "html"])
def test_report_comes_in_every_format(sandbox: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage(sandbox, "--format", form) == 0
    printed = capsys.readouterr().out
    assert {"json": '"percent": 0.0', "markdown": "| never met |", "junit": "<testsuites", "html": "<!doctype html>"}[
        form
    ] in printed
    if form == "json":
        assert json.loads(printed)["total"]["met"] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--vendor", "alephe"], "Must be one of: alephee"),
        (["--ignore", "alephee.deleteOrder.nothing"], "alephee.deleteOrder.deleted"),
        (["--operation", "alephee.deleteOrdr"], "alephee.deleteOrder"),
    ],
)
def test_typo_does_not_pass_silently(
    sandbox: str, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert coverage(sandbox, *options) == 1
    assert words in capsys.readouterr().err


def test_server_that_is_not_there_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for url, words in ((f"http://127.0.0.1:{port}", "does not answer"), ("file:///etc/passwd", "invalid base URL")):
        assert coverage(url) == 1
        assert words in capsys.readouterr().err


def test_token_opens_the_gate(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("--control-token", "s3cret") as server:
        assert coverage(server.url) == 1
        assert "401" in capsys.readouterr().err
        assert coverage(server.url, "--control-token", "s3cret") == 0

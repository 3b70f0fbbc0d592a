"""The client of the control API: its examples, its errors."""

from __future__ import annotations

import doctest
import importlib
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

import rescind
from redis_servers import wait_until
from rescind.errors import SettingsError
from support import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def started() -> Iterator[rescind.Server]:
    with rescind.start() as server:
        yield server


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = ["rescind.testing", "rescind.testing.parts", "rescind.testing.sandbox", "rescind.testing.server"]
    return [test for name in modules for test in finder.find(importlib.import_module(name)) if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_example_in_a_docstring_runs(example: doctest.DocTest, started: rescind.Server) -> None:
    sandbox = started.sandbox(example.name)
    example.globs |= {"server": started, "sandbox": sandbox}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report: list[str] = []
    runner.run(example, out=report.append, clear_globs=False)
    assert runner.failures == 0, "".join(report)


def test_most_methods_have_an_example() -> None:
    shown = {test.name.rpartition(".")[2] for test in examples()}
    assert {"credentials", "override", "fault", "journal", "verify", "coverage", "reset", "freeze", "advance"} <= shown


def test_sandbox_does_what_a_test_asks_of_it(started: rescind.Server) -> None:
    sandbox = started.sandbox("whole")
    credentials = sandbox.credentials("alephee")
    target, params = f"{sandbox.base_url}/v2/orders", credentials.params | {"accountId": "1001", "orderId": "72001"}
    sandbox.override("alephee", outcome="rate_limited", times=2)
    assert [httpx.delete(target, params=params).status_code for _ in range(3)] == [429, 429, 204]
    assert sandbox.state.get("alephee", "orders", "72001")["deleted"] is not None
    assert [entry["status"] for entry in sandbox.journal(vendor="alephee")] == [429, 429, 204]
    assert sandbox.state("alephee")["orders"]["72001"] == sandbox.state.get("alephee", "orders", "72001")
    assert sandbox.settings("alephee") == sandbox.settings.get("alephee")
    assert sandbox.journal(status=204)[0]["outcome"] == "alephee.deleteOrder.deleted"
    sandbox.verify({"vendor": "alephee", "parameters": {"orderId": 72001}}, count=3)
    assert sandbox.coverage(["alephee"])["total"]["met"] == 2
    assert sandbox.overrides()[0]["used"] == 2
    sandbox.reset()
    assert sandbox.journal() == []
    assert sandbox.state.get("alephee", "orders", "72001")["deleted"] is None


def test_verification_that_fails_is_an_assertion_with_the_nearest_misses(started: rescind.Server) -> None:
    sandbox = started.sandbox("miss")
    httpx.delete(f"{sandbox.base_url}/api/v2/orders/72544")
    with pytest.raises(rescind.VerificationError, match="72544") as raised:
        sandbox.verify({"vendor": "rxuniverse", "parameters": {"orderIdentifier": "72545"}}, count=1)
    assert isinstance(raised.value, AssertionError)
    assert raised.value.report["verified"] is False


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        (lambda sandbox: sandbox.override("alephee", outcome="rate_limted"), 400, "expected one of: deleted"),
        (lambda sandbox: sandbox.fault("alephee", "conection_reset"), 400, "connection_reset"),
        (lambda sandbox: sandbox.state.get("nobody"), 404, "expected one of: alephee"),
        (lambda sandbox: sandbox.state.put("alephee", "orders", "1", {"acount": 1}), 400, "acount"),
        (lambda sandbox: sandbox.credentials("alephee", "nobodys-key"), 404, "there are: demo-key"),
        (lambda sandbox: sandbox.clock.freeze("yesterday"), 400, "2026-11-20T12:00:00Z"),
        (lambda sandbox: sandbox.journal(vendr="alephee"), 400, "vendr"),
    ],
)
def test_error_says_what_the_problem_detail_says(
    started: rescind.Server, wrong: object, status: int, words: str
) -> None:
    with pytest.raises(rescind.SandboxError) as raised:
        wrong(started.sandbox("wrong"))  # type: ignore[operator]
    assert raised.value.status == status
    assert words in str(raised.value)


def test_server_that_is_not_there_is_an_error_with_a_remedy() -> None:
    with pytest.raises(
        rescind.SandboxError, match=r"127.0.0.1:1/_rescind/reset does not answer.*is the server running"
    ):
        rescind.Sandbox("http://127.0.0.1:1").reset()


def test_vendor_without_security_needs_no_credentials(started: rescind.Server) -> None:
    assert started.sandbox("none").credentials("rxuniverse") == ({}, {})


def test_token_is_sent_to_the_control_api_only() -> None:
    with serving("--control-token", "s3cret") as server:
        sandbox = rescind.Server(server.url, "s3cret").sandbox("mine")
        assert sandbox.send({"method": "DELETE", "path": "/api/v2/orders/72544"}) == 200
        assert "authorization" not in sandbox.journal()[0]["request"]["headers"]
        with pytest.raises(rescind.SandboxError, match="the control API needs its token"):
            rescind.Sandbox(server.url).reset()
        assert "s3cret" not in repr(sandbox)


def test_proxy_of_the_environment_is_not_asked_for_the_loopback_address(
    started: rescind.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    started.sandbox("direct").reset()


def test_server_stops_and_leaves_neither_thread_nor_port() -> None:
    before = threading.active_count()
    server = rescind.start(vendor=("rxuniverse",))
    assert httpx.delete(f"{server.url}/api/v2/orders/72544").status_code == 200
    server.stop()
    server.stop()
    wait_until(lambda: threading.active_count() <= before)  # the watchdog of the rules ends once it sees none
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"port": 70000}, "invalid port 70000: use 0"),
        ({"port": "1"}, "invalid port '1': expected int, got str"),
        ({"workers": 2}, r"start\(\) does not take 'workers'"),
        ({"vendors": ()}, "did you mean 'vendor'"),
    ],
)
def test_wrong_settings_of_a_server_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        rescind.start(**settings)


@pytest.mark.parametrize("name", ["a b", "a/b", "é", "a?b", "a" * 65])
def test_name_that_no_sandbox_can_have_is_refused(started: rescind.Server, name: str) -> None:
    with pytest.raises(rescind.SandboxError, match=r"invalid sandbox name .*; a name matches"):
        started.sandbox(name)


def test_base_url_that_is_none_is_an_error() -> None:
    with pytest.raises(rescind.SandboxError, match="invalid URL"):
        rescind.Sandbox("nonsense").reset()


def test_dropping_forgets_a_sandbox_and_resets_the_one_without_a_name(started: rescind.Server) -> None:
    for base_url in (f"{started.url}/~dropped/", started.url):
        sandbox = rescind.Sandbox(base_url)
        sandbox.send({"method": "DELETE", "path": "/api/v2/orders/72544"})
        sandbox.drop()
        assert sandbox.journal() == []


def test_importing_rescind_imports_nothing_heavy() -> None:
    code = "import rescind, sys; print(sorted({'asyncio', 'yaml', 'marshmallow', 'urllib.request'} & set(sys.modules)))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"

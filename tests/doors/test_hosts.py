"""The Flask app under real WSGI hosts, and what faults look like there."""

from __future__ import annotations

import socket
import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from redis_servers import wait_until
from wsgi_hosts import BEGIN, BIN, DEPLOYMENT, END, HOSTS, ORDER, hosting, table

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=[*HOSTS])
def host(request: pytest.FixtureRequest) -> Iterator[str]:
    with hosting(request.param) as url:
        yield url


def test_host_answers_vendors_sandboxes_and_the_control_api(host: str) -> None:
    for base in (host, f"{host}/~mine"):
        assert [httpx.delete(base + ORDER).status_code for _ in range(2)] == [200, 400]
        assert httpx.get(f"{base}/_rescind/coverage").json()["total"]["met"] == 2
        assert httpx.get(f"{base}/_rescind/specs/exsited.json").json()["servers"][0]["url"] == base
        assert httpx.delete(f"{base}/v2/orders").headers["X-Rescind-Outcome"].endswith("missing_api_key")
        page = httpx.get(f"{base}/_rescind/coverage", headers={"Accept": "text/html"})
        assert page.headers["content-type"] == "text/html"
        assert httpx.get(f"{base}/_rescind/journal", headers={"Origin": "http://evil.example"}).status_code == 403
        assert httpx.post(f"{base}/_rescind/reset").status_code == 204


def test_chunked_bodies_are_read(host: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"grant_type":'
        yield b' "x"}'

    headers = {"Content-Type": "application/json"}
    reply = httpx.post(f"{host}/api/v1/oauth2/token", content=chunks(), headers=headers)
    assert reply.headers["X-Rescind-Outcome"] == "exsited.issueToken.unsupported_grant_type"


def test_delay_holds_up_one_reply(host: str) -> None:
    base = f"{host}/~slow"
    httpx.post(f"{base}/_rescind/overrides", json={"vendor": "rxuniverse", "delay_ms": 200})
    began = time.monotonic()
    assert httpx.delete(base + ORDER).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_several_workers_of_gunicorn_are_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(BIN / "gunicorn"), "-w", "2", "-b", f"127.0.0.1:{port}", "rescind:create_app()"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}{ORDER}"
        wait_until(lambda: reaches(url))
        assert "one process" in httpx.get(url).json()["remedy"]
        process.terminate()


def reaches(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 503
    except httpx.TransportError:
        return False


WITHOUT_SOCKET = ("slow_body", "unknown_members", "other_headers")
EXPECTED = {
    "connection_reset": "reset", "empty_reply": "closed without a byte", "garbage": "not HTTP", "truncated_body": "truncated",
    "malformed_chunk": "malformed chunk", "slow_body": "whole reply", "unknown_members": "whole reply",
    "other_headers": "whole reply", "chunked_body": "whole reply, in chunks", "stale_connection": "whole reply", "hang": "closed without a byte", "reply_lost": "closed without a byte",
}  # fmt: skip


def test_faults_work_where_the_host_gives_its_socket_and_are_refused_elsewhere() -> None:
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in table().splitlines()[2:]]
    for fault, *cells, waitress in rows:
        assert set(cells) == {EXPECTED[fault]}, fault
        assert waitress == ("whole reply" if fault in WITHOUT_SOCKET else "refused (409)")


def test_table_in_the_docs_is_what_the_hosts_do() -> None:
    """``python tests/wsgi_hosts.py`` writes it anew."""
    assert DEPLOYMENT.read_text().partition(BEGIN)[2].partition(END)[0] == table()

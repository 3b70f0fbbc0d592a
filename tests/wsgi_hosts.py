"""The hosts that the Flask app is tested under, and what faults look like there. ``python tests/wsgi_hosts.py`` writes
the table of the docs anew."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from redis_servers import wait_until
from rescind.control.faults import FAULTS
from support import ROOT, raw_read, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOYMENT = ROOT / "docs" / "deployment.md"
BEGIN, END = "<!-- hosts: python tests/wsgi_hosts.py -->\n", "<!-- end of hosts -->"
ORDER = "/api/v2/orders/72544"
BIN = Path(sys.executable).parent
HOSTS = {
    "gunicorn gthread": (
        "gunicorn",
        "-b",
        "127.0.0.1:{port}",
        "-k",
        "gthread",
        "--threads",
        "8",
        "rescind:create_app()",
    ),
    "gunicorn sync": ("gunicorn", "-b", "127.0.0.1:{port}", "rescind:create_app()"),
    "flask run": ("flask", "--app", "rescind", "run", "--port", "{port}"),
    "waitress": ("waitress-serve", "--listen", "127.0.0.1:{port}", "--call", "rescind:create_app"),
}
SERVE = "rescind serve"


@contextmanager
def hosting(host: str, **environment: str) -> Iterator[str]:
    """The URL of a host that runs the app, for the time of a block; it must not print a traceback."""
    if host == SERVE:
        with serving(**environment) as server:
            yield server.url
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    name, *arguments = (part.format(port=port) for part in HOSTS[host])
    command = [str(BIN / name), *arguments]
    environment = {**os.environ, **environment}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            wait_until(lambda: answers(port) or process.poll() is not None)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            printed, _ = process.communicate(timeout=30)
        assert "Traceback" not in printed, printed


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_rescind/health").is_success
    except httpx.TransportError:
        return False


GO_ON = ("slow_body", "unknown_members", "other_headers", "chunked_body")
"""The faults that leave the connection open."""


def shown(url: str, fault: str) -> str:
    """How a fault of the host looks to a client: what an override of it does to a connection."""
    base = f"{url}/~{fault}"
    ordered = httpx.post(f"{base}/_rescind/overrides", json={"vendor": "rxuniverse", "fault": fault, "delay_ms": 50})
    if ordered.status_code == httpx.codes.CONFLICT:
        return "refused (409)"
    address, close = urlsplit(url), "Connection: close\r\n" if fault in GO_ON else ""
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(f"DELETE /~{fault}{ORDER} HTTP/1.1\r\nHost: localhost\r\n{close}\r\n".encode())
        try:
            received = raw_read(connection)
        except ConnectionResetError:
            return "reset"
    return described(received)


def described(received: bytes) -> str:
    head, _, body = received.partition(b"\r\n\r\n")
    if not received:
        return "closed without a byte"
    if not received.startswith(b"HTTP/1.1 200"):
        return "not HTTP"
    if b"no size" in body:
        return "malformed chunk"
    if body.endswith(b"\r\n0\r\n\r\n"):
        return "whole reply, in chunks"
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), -1
    )
    return "whole reply" if length == len(body) else "truncated"


@cache
def table() -> str:
    """What each host makes of each fault."""
    columns: dict[str, dict[str, str]] = {}
    for host in (SERVE, *HOSTS):
        with hosting(host, RESCIND_MAX_HANG_MS="300") as url:
            columns[host] = {fault: shown(url, fault) for fault in FAULTS}
    lines = [f"| fault | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    lines += [f"| `{fault}` | {' | '.join(column[fault] for column in columns.values())} |" for fault in FAULTS]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = DEPLOYMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    DEPLOYMENT.write_text(before + BEGIN + table() + END + rest.partition(END)[2])

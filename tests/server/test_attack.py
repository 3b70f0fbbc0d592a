"""Everything that can make a server slow or large, at once, while somebody wants to work with it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx

from support import Server, serving

MEBIBYTE = 1024 * 1024
TOTAL = 48 * MEBIBYTE
MOST_RESIDENT = 160 * MEBIBYTE
"""What the process may take: 50 MiB without any work, what is kept, and what is under way on 130 connections."""


def test_everything_at_once_stays_within_its_bounds_and_holds_up_nobody() -> None:
    with serving("--max-total-bytes", str(TOTAL), "--max-sandboxes", "2000") as server:
        sandbox = f"{server.url}/~bystander"
        slowest, outcomes = 0.0, []
        with httpx.Client(base_url=sandbox, timeout=60) as client:
            client.put("/_rescind/state/rxuniverse/orders/mine", json={}).raise_for_status()
            script = str(Path(__file__).parent / "attack.py")
            with subprocess.Popen([sys.executable, script, server.url], stdout=subprocess.PIPE, text=True) as attack:
                while attack.poll() is None:
                    began = time.monotonic()
                    reply = client.get("/api/v2/orders/mine/status")
                    slowest = max(slowest, time.monotonic() - began)
                    outcomes.append(reply.headers["x-rescind-outcome"])
                assert attack.stdout is not None
                statuses = json.load(attack.stdout)
            kept = client.get("/_rescind/state/rxuniverse").json()["orders"]
        assert "mine" in kept
        assert set(outcomes) == {"rxuniverse.getOrderStatus.status"}
        assert slowest < 10  # a limit for hangs
        assert statuses["memory"].keys() == {"201", "503"}  # until there was no room
        assert statuses["journal"].keys() == {"200", "400"} | statuses["journal"].keys() & {"503"}
        assert peak(server) < MOST_RESIDENT


def peak(server: Server) -> int:
    """The most memory that the server has taken, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024

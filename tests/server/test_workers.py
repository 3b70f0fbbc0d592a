"""Faults of the machinery itself, under load: what was acknowledged has happened, once, and nothing is half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from redis_servers import RedisServer, wait_until
from support import Server, raw_exchange, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ORDERS, CLIENTS = 300, 8
ALEPHEE = {"API_KEY": "load-test-key", "accountId": "1001"}


class Load:
    """Clients that delete every order of a sandbox twice, each order from two clients at once.

    ``met`` has what each call was answered with: a status, or 0 where the connection broke.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.met: list[tuple[int, int]] = []
        with httpx.Client() as client:
            for order in range(ORDERS):
                client.put(
                    f"{base_url}/_rescind/state/alephee/orders/{order}", json={"account": 1001}
                ).raise_for_status()

    def run(self, strike: Callable[[], None]) -> None:
        """Delete, and strike when a third of the calls is done."""
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            work = [pool.submit(self._delete, number) for number in range(CLIENTS)]
            wait_until(lambda: len(self.met) > ORDERS // 3)
            strike()
            for one in work:
                one.result()

    def _delete(self, number: int) -> None:
        with httpx.Client(timeout=30) as client:
            for order in range(number // 2, ORDERS, CLIENTS // 2):
                for _ in range(2):
                    self.met.append((order, self._status(client, order)))

    def _status(self, client: httpx.Client, order: int) -> int:
        try:
            return client.delete(f"{self.base_url}/v2/orders", params=ALEPHEE | {"orderId": order}).status_code
        except httpx.TransportError:
            return 0

    def statuses(self) -> Counter[int]:
        return Counter(status for _, status in self.met)

    def has_kept_its_word(self) -> None:
        """Every acknowledged deletion happened exactly once, and the journal, the state and the replies agree."""
        with httpx.Client() as client:
            entries = client.get(f"{self.base_url}/_rescind/journal?limit=10000").json()["entries"]
            state = client.get(f"{self.base_url}/_rescind/state/alephee").json()["orders"]
        deletions = Counter(
            int(entry["request"]["query"]["orderId"][0])
            for entry in entries
            if entry["outcome"] == "alephee.deleteOrder.deleted"
        )
        acknowledged = Counter(order for order, status in self.met if status == 204)
        assert set(deletions.values()) <= {1}
        assert set(acknowledged.values()) <= {1}
        assert acknowledged.keys() <= deletions.keys()
        assert {order for order in range(ORDERS) if state[str(order)]["deleted"]} == deletions.keys()
        answered = sum(status not in {0, 500} for _, status in self.met)
        assert len({entry["id"] for entry in entries}) == len(entries)
        assert answered <= len(entries) <= len(self.met)


@pytest.fixture
def redis_alone(redis_server: RedisServer, tmp_path: object) -> Iterator[RedisServer]:  # noqa: ARG001 - it skips, or fails, where there is no Redis
    """A Redis that a test may stop."""
    alone = RedisServer(tmp_path)  # type: ignore[arg-type]
    yield alone
    alone.stop()


def workers(server: Server) -> list[int]:
    """The processes of the workers."""
    said = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in said.split()]


def test_workers_share_one_world(redis_server: RedisServer) -> None:
    with serving("--workers", "3", "--store", redis_server.url) as server:
        assert len(workers(server)) == 3
        base_url = f"{server.url}/~{uuid4()}"
        with ThreadPoolExecutor(32) as pool:  # each call on a connection of its own, so that all workers have some
            replies = list(pool.map(lambda _: httpx.delete(f"{base_url}/api/v2/orders/72544"), range(96)))
        assert Counter(reply.status_code for reply in replies) == {200: 1, 400: 95}
        entries = httpx.get(f"{base_url}/_rescind/journal?limit=10000").json()["entries"]
        assert [entry["id"] for entry in entries] == list(range(1, 97))


def test_port_of_another_server_is_not_shared_with_it(redis_server: RedisServer) -> None:
    with serving("--workers", "2", "--store", redis_server.url) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(RuntimeError, match="Address already in use"):
            Server("--workers", "2", "--store", redis_server.url, "--port", port)


def test_clock_overrides_and_rates_are_shared_by_all_workers(redis_server: RedisServer) -> None:
    with serving("--workers", "2", "--store", redis_server.url) as server:
        base_url = f"{server.url}/~{uuid4()}"
        httpx.put(f"{base_url}/_rescind/clock", json={"mode": "frozen", "now": "2026-11-20T12:00:00Z"})
        httpx.post(f"{base_url}/_rescind/overrides", json={"vendor": "rxuniverse", "outcome": "not_found", "times": 7})
        target = f"{base_url}/v2/orders?API_KEY=four-a-minute-key&accountId=1001&orderId=404"
        with ThreadPoolExecutor(24) as pool:
            limited = Counter(pool.map(lambda _: httpx.delete(target).status_code, range(24)))
            forced = Counter(
                pool.map(lambda _: httpx.delete(f"{base_url}/api/v2/orders/CANCEL-ME").status_code, range(24))
            )
        assert limited == {404: 4, 429: 20}
        assert forced == {404: 7, 200: 17}


def test_worker_that_is_killed_under_load_comes_back_and_the_others_go_on(redis_server: RedisServer) -> None:
    server = Server("--workers", "2", "--store", redis_server.url)
    try:
        load = Load(f"{server.url}/~{uuid4()}")
        before = workers(server)
        load.run(lambda: os.kill(before[0], signal.SIGKILL))
        wait_until(lambda: len(workers(server)) == 2)
        assert before[1] in workers(server)
        assert before[0] not in workers(server)
        assert 0 < load.statuses()[0] <= CLIENTS
        load.has_kept_its_word()
        assert len([code for _, code in load.met if code == 204]) >= ORDERS - CLIENTS
    finally:
        assert server.stop() == 0
    assert [line for line in server.errors if "signal 9" in line]


def test_redis_that_stops_under_load_is_a_vendors_500_until_it_is_back(redis_alone: RedisServer) -> None:
    with serving("--workers", "2", "--store", redis_alone.url) as server:
        load = Load(f"{server.url}/~{uuid4()}")

        def strike() -> None:
            redis_alone.stop()
            wait_until(lambda: load.statuses()[500] > 20)
            gone = httpx.delete(f"{load.base_url}/v2/orders", params=ALEPHEE | {"orderId": 1})
            assert (gone.status_code, gone.headers["x-rescind-outcome"]) == (500, "alephee.deleteOrder.server_error")
            assert gone.json() == "Internal Server Error"
            other = httpx.delete(f"{load.base_url}/api/v2/orders/72544")
            control = httpx.get(f"{load.base_url}/_rescind/clock")
            for reply in (other, control):
                assert (reply.status_code, reply.headers["content-type"]) == (503, "application/problem+json")
                assert "does not answer" in reply.json()["detail"]
            redis_alone.start()

        load.run(strike)
        assert load.statuses()[0] == 0
        load.has_kept_its_word()
        rest = httpx.delete(f"{load.base_url}/v2/orders", params=ALEPHEE | {"orderId": ORDERS - 1})
        assert rest.status_code == 304


def test_redis_that_is_killed_under_load_loses_nothing_that_was_acknowledged(redis_alone: RedisServer) -> None:
    with serving("--workers", "2", "--store", redis_alone.url) as server:
        load = Load(f"{server.url}/~{uuid4()}")

        def strike() -> None:
            redis_alone.process.kill()
            redis_alone.process.wait()
            wait_until(lambda: load.statuses()[500] > 20)
            redis_alone.start()

        load.run(strike)
        load.has_kept_its_word()


def test_redis_that_hangs_is_a_500_soon_and_work_goes_on_once_it_answers(redis_alone: RedisServer) -> None:
    with serving("--store", redis_alone.url) as server:
        load = Load(f"{server.url}/~{uuid4()}")

        def strike() -> None:
            redis_alone.process.send_signal(signal.SIGSTOP)
            try:
                wait_until(lambda: load.statuses()[500] > 20)
            finally:
                redis_alone.process.send_signal(signal.SIGCONT)

        load.run(strike)
        load.has_kept_its_word()


@pytest.mark.parametrize("number", ["1", "2"])
def test_sigterm_under_load_finishes_what_is_under_way(redis_server: RedisServer, number: str) -> None:
    server = Server("--workers", number, "--store", redis_server.url)
    load = Load(f"{server.url}/~{uuid4()}")
    slow = f"{load.base_url}-slow"
    httpx.post(f"{slow}/_rescind/overrides", json={"vendor": "rxuniverse", "delay_ms": 1500})
    under_way: list[int] = []
    late = threading.Thread(
        target=lambda: under_way.append(httpx.delete(f"{slow}/api/v2/orders/72544", timeout=30).status_code)
    )
    late.start()
    wait_until(lambda: _is_counted(slow))
    load.run(server.process.terminate)
    late.join()
    assert server.process.wait(timeout=30) == 0
    assert under_way == [200]
    server.stop()
    with serving("--store", redis_server.url) as again:
        load.base_url = load.base_url.replace(server.url, again.url)
        load.has_kept_its_word()


def test_workers_whose_supervisor_is_killed_stop(redis_server: RedisServer) -> None:
    server = Server("--workers", "2", "--store", redis_server.url)
    mine = workers(server)
    server.process.kill()
    wait_until(lambda: not any(_is_alive(worker) for worker in mine))
    server.stop()


def _is_counted(base_url: str) -> bool:
    return bool(httpx.get(f"{base_url}/_rescind/journal?limit=10000").json()["entries"])


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    time.sleep(0.01)
    return True


FLAKY = """
import sys, time
from pathlib import Path
from rescind.server.workers import supervise

tries = Path(sys.argv[1])

def work(ready, watch):
    tries.write_text(tries.read_text() + "x")
    number = len(tries.read_text())
    if number in (2, 3):
        raise SystemExit(3)  # before it is ready
    ready()
    if number == 1:
        return  # early
    import os
    os.read(watch, 1)

supervise([work], lambda: print("ready", flush=True))
"""


def test_replacement_that_dies_early_is_tried_again_and_the_service_stays(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    tries.write_text("")
    with subprocess.Popen(
        [sys.executable, "-c", FLAKY, str(tries)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        said: list[str] = []
        while not any("has started" in line for line in said):
            said.append(process.stderr.readline())
        assert len(tries.read_text()) == 4
        assert process.poll() is None
        process.terminate()
    assert process.returncode == 0
    warnings = [line for line in said if line.startswith(("Worker", "a worker"))]
    assert "ended with code 0; another takes its place in 0.25 s" in warnings[0]
    assert "a worker ended before it was ready" in warnings[1]
    assert [line.partition("the next try is in ")[2] for line in warnings[1:3]] == ["0.5 s\n", "1 s\n"]


def test_store_that_hangs_holds_up_nobody_who_does_not_need_it(redis_alone: RedisServer) -> None:
    with serving("--store", redis_alone.url) as server, httpx.Client() as client:
        order = f"{server.url}/~hangs/api/v2/orders/72544"
        assert client.get(f"{server.url}/_rescind/health").status_code == 200
        assert client.get(f"{order}/status").status_code == 200
        os.kill(redis_alone.process.pid, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor(1) as pool:
                deletion = pool.submit(httpx.delete, order, timeout=30)
                began = time.monotonic()
                health = [client.get(f"{server.url}/_rescind/health").status_code for _ in range(20)]
                took = time.monotonic() - began
                assert deletion.result().status_code == 503
        finally:
            os.kill(redis_alone.process.pid, signal.SIGCONT)
        assert health == [200] * 20
        assert took < 1.5  # the store is asked for two seconds
        wait_until(lambda: client.get(f"{order}/status").status_code == 200)
        entries = client.get(f"{server.url}/~hangs/_rescind/journal").json()["entries"]
        deletions = [entry for entry in entries if entry["request"]["method"] == "DELETE"]
        # What the store did after all, it did without the client's knowledge: the journal says so.
        assert [entry["reply_unknown"] for entry in deletions] == [True]


def test_bad_requests_are_refused_and_journaled_with_a_shared_store_too(redis_server: RedisServer) -> None:
    with serving("--store", redis_server.url) as server:
        name = f"bad-{uuid4()}"
        for line in (
            f"G(T /~{name}/v2/orders HTTP/1.1",
            f"GET /~{name}/v2/orders HTTP/1.1\r\nA : b",
            "GET /~/ HTTP/1.1",
        ):
            assert raw_exchange(server, f"{line}\r\nHost: x\r\nConnection: close\r\n\r\n".encode()).startswith(
                b"HTTP/1.1 400"
            )
        entries = httpx.get(f"{server.url}/~{name}/_rescind/journal").json()["entries"]
    assert [(entry["status"], entry["request"]["path"]) for entry in entries] == [(400, "/v2/orders")]

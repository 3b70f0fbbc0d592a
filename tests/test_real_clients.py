"""Real clients over real sockets: they delete, are refused, are limited, and meet each fault as the docs say."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3

import rescind
from real_clients import CLIENTS
from rescind.control.faults import FAULTS
from support import ROOT, Server

FAULTS_PAGE = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- clients: python tests/test_real_clients.py -->\n", "<!-- end of clients -->"
REPEAT_BY_THEMSELVES = {"aiohttp"}
"""Clients that send an idempotent request again when the connection breaks, and so hide the fault from their user."""

_NUMBERS = itertools.count()


def fresh(server: Server | rescind.Server, name: str) -> rescind.Sandbox:
    """A sandbox that nobody has used."""
    return rescind.Server(server.url).sandbox(f"client-{name.replace(' ', '-')}-{next(_NUMBERS)}")


def seen(server: Server | rescind.Server, client: str, fault: str) -> str:
    """What a client's user sees of a fault."""
    sandbox = fresh(server, client)
    sandbox.fault("rxuniverse", fault)
    return CLIENTS[client](f"{sandbox.base_url}/api/v2/orders/72544")


def table(server: Server | rescind.Server) -> str:
    """How each library shows each fault."""
    pairs = list(itertools.product(FAULTS, CLIENTS))
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(pairs, pool.map(lambda pair: seen(server, pair[1], pair[0]), pairs), strict=True))
    lines = [f"| fault | {' | '.join(CLIENTS)} |", f"| --- |{' --- |' * len(CLIENTS)}"]
    lines += [f"| `{fault}` | {' | '.join(found[fault, client] for client in CLIENTS)} |" for fault in FAULTS]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("client", CLIENTS)
def test_client_deletes_is_refused_and_is_limited(server: Server, client: str) -> None:
    sandbox = fresh(server, client)
    order = f"{sandbox.base_url}/api/v2/orders/72544"
    assert [CLIENTS[client](order) for _ in range(2)] == ["200", "400"]
    limited = f"{sandbox.base_url}/v2/orders?API_KEY=four-a-minute-key&accountId=1001&orderId=72001"
    sandbox.clock.freeze()
    assert [CLIENTS[client](limited) for _ in range(5)] == ["204", "304", "304", "304", "429"]
    sandbox.clock.advance(15)
    assert CLIENTS[client](limited) == "304"
    assert [entry["status"] for entry in sandbox.journal()] == [200, 400, 204, 304, 304, 304, 429, 304]


def test_table_of_faults_in_the_docs_is_what_the_clients_show(server: Server) -> None:
    """``python tests/test_real_clients.py`` writes it anew."""
    assert FAULTS_PAGE.read_text().partition(BEGIN)[2].partition(END)[0] == table(server)


@pytest.mark.parametrize("client", CLIENTS)
def test_lost_reply_has_deleted_and_reset_has_not(server: Server, client: str) -> None:
    for fault, status in (("reply_lost", "400"), ("connection_reset", "200")):
        sandbox = fresh(server, client)
        sandbox.fault("rxuniverse", fault)
        order = f"{sandbox.base_url}/api/v2/orders/72544"
        if client not in REPEAT_BY_THEMSELVES:
            assert not CLIENTS[client](order).isdigit()
        assert CLIENTS[client](order) == status
        assert len(sandbox.journal()) == 2


LIMITING = """
openapi: 3.1.0
info: {title: A vendor that says Retry-After, version: "1"}
paths:
  /things/{id}:
    delete:
      operationId: deleteThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}, example: "7"}]
      responses:
        "204": {description: Gone.}
        "404": {description: There is none.}
        "429":
          description: Too many.
          headers: {Retry-After: {schema: {type: integer}, required: true, example: 1}}
"""


def test_retry_of_urllib3_waits_as_long_as_retry_after_says(tmp_path: Path) -> None:
    (tmp_path / "limiting.yaml").write_text(LIMITING)
    retry = urllib3.Retry(total=3, status_forcelist=[429], allowed_methods=["DELETE"])
    with rescind.start(spec=tmp_path, vendor=("limiting",)) as server, urllib3.PoolManager(retries=retry) as pool:
        sandbox = server.sandbox("retry")
        sandbox.override("limiting", outcome="too_many_requests", times=2)
        assert pool.request("DELETE", f"{sandbox.base_url}/things/7").status == 204
        sandbox.verify({"vendor": "limiting"}, count=3, min_interval_ms=1000)


def test_retry_of_urllib3_knows_nothing_of_a_header_of_the_vendors_own(server: Server) -> None:
    """Alephee says x-ratelimit-retryafter, and no Retry-After: who relies on Retry alone comes back at once."""
    sandbox = fresh(server, "retry")
    sandbox.override("alephee", outcome="rate_limited", times=2)
    retry = urllib3.Retry(total=3, status_forcelist=[429], allowed_methods=["DELETE"])
    with urllib3.PoolManager(retries=retry) as pool:
        reply = pool.request("DELETE", f"{sandbox.base_url}/v2/orders?API_KEY=demo-key&accountId=1001&orderId=72001")
    assert reply.status == 204
    with pytest.raises(rescind.VerificationError):
        sandbox.verify({"vendor": "alephee"}, count=3, min_interval_ms=1000)


if __name__ == "__main__":
    with rescind.start() as started:
        text = FAULTS_PAGE.read_text()
        before, _, rest = text.partition(BEGIN)
        FAULTS_PAGE.write_text(before + BEGIN + table(started) + END + rest.partition(END)[2])

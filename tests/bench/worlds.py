"""How cost grows with the size of the world: orders in the fixtures, sandboxes, entries in the journal."""

from __future__ import annotations

import gc
import resource
import tempfile
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from rescind.control.clock import Clock
from rescind.documents import shipped
from rescind.engine import Engine
from rescind.model import Request
from rescind.rules.loading import load_vendors
from rescind.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.rules.vendor import Vendor

FEW, MANY = 10, 1_000_000
SANDBOXES = 10_000
ROUNDS, CALLS = 15, 1_000
_HEAD = """\
clients: {bench: {secret: s, redirect_uri: "https://client.example/"}}
credentials: {exs-token: {client: bench}}
orders:
"""
_HEADERS = {"host": "127.0.0.1", "authorization": "Bearer exs-token"}


@dataclass(frozen=True)
class Growth:
    """The cost of one call, in microseconds, in a small world and in a large one: the best of interleaved rounds."""

    what: str
    small: float
    large: float


@dataclass(frozen=True)
class Loading:
    """Seconds to load the orders, and PyYAML's own to read them; bytes of memory an order, and a new sandbox."""

    seconds: float
    pyyaml: float
    order_bytes: float
    sandbox_bytes: float


def growth() -> tuple[Loading, list[Growth]]:
    """Load a fixture of a million orders, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        few = _load(_fixture(Path(folder) / "few", FEW))
        fixture = _fixture(Path(folder) / "many", MANY)
        gc.disable()  # as ``rescind serve`` does while it loads
        pyyaml = _seconds(lambda: yaml.load((fixture / "exsited.yaml").read_text(), Loader=yaml.CSafeLoader))
        before = _resident()
        began = time.perf_counter()
        many = _load(fixture)
        seconds = time.perf_counter() - began
        gc.enable()
        order_bytes = (_resident() - before) / MANY
    small, large, crowded = _engine(few), _engine(many), _engine(few)
    for number in range(SANDBOXES):
        _call(crowded, f"other-{number}")
    full = _engine(few)
    for _ in range(full.bounds.journal):
        _call(full)
    return Loading(seconds, pyyaml, order_bytes, _sandbox_bytes(_engine(few))), [
        _compare(f"{FEW} to {MANY:,} orders in the fixture", small, large),
        _compare(f"1 to {SANDBOXES:,} sandboxes", small, crowded),
        _compare(f"an empty to a full journal ({full.bounds.journal:,} entries)", small, full, clear=True),
    ]


def _compare(what: str, small: Engine, large: Engine, *, clear: bool = False) -> Growth:
    best = {id(small): float("inf"), id(large): float("inf")}
    for _ in range(ROUNDS):
        for engine in (small, large):
            if clear and engine is small:
                engine.store.reset("", 1)
            began = time.perf_counter()
            for _ in range(CALLS):
                _call(engine)
            best[id(engine)] = min(best[id(engine)], (time.perf_counter() - began) / CALLS)
    return Growth(what, *(seconds * 1e6 for seconds in best.values()))


def _call(engine: Engine, sandbox: str = "") -> None:
    request = Request("DELETE", "/api/v3/orders/ORD-nobody", "", _HEADERS, b"", "http://127.0.0.1")
    reply = engine.answer(sandbox, request).reply
    assert reply is not None
    assert reply.status == 404


def _engine(vendors: Sequence[Vendor]) -> Engine:
    return Engine(vendors, MemoryStore(), Clock())


def _fixture(folder: Path, orders: int) -> Path:
    folder.mkdir()
    lines = (f"  ORD-{number}: {{name: Plan {number}}}\n" for number in range(orders))
    (folder / "exsited.yaml").write_text(_HEAD + "".join(lines))
    return folder


def _load(folder: Path) -> list[Vendor]:
    return load_vendors([shipped.SPEC_DIR], [folder, shipped.FIXTURE_DIR], ["exsited"])


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _sandbox_bytes(engine: Engine) -> float:
    tracemalloc.start()
    for number in range(1_000):
        engine.store.transact(f"measured-{number}", 1, lambda transaction: transaction.read("a", "b"))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 1_000

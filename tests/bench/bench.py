"""``make bench``: the sandbox against a minimal Flask app under gunicorn, interleaved in one run.

Both answer ``DELETE /v2/orders`` with 404 and a small JSON body; the sandbox takes its full path to it (authentication,
rate window, validation, rules, journal, coverage). In a cycle an order is put back, and deleted: 204; the baseline does
nothing of the kind, and answers the same. Cold start is from exec to the first correct answer. With ``--peers`` the
peers of ``make bench-peers`` are measured in the same rounds. Machines are noisy: read the ratios.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from bystanders import bystanders
from delays import DELAYED, beside_delays
from load import CONNECTIONS, Load, Sent, generator, measure, median
from systems import APP, MINIMAL, RESCIND, TARGET, System, install_peers, running, sharing
from worlds import growth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROUNDS, SECONDS, STARTS = 5, 3, 9
JSON = (("Content-Type", "application/json"),)
ORDER = '{"account": 1001, "items": [{"product": "MUG-BLUE", "quantity": 5}]}'
PUT = Sent("PUT", "/_rescind/state/alephee/orders/9{n}", JSON, ORDER)
CYCLES = {
    MINIMAL.name: (PUT, Sent("DELETE", "/v2/orders/done?API_KEY=load-test-key&accountId=1001&orderId=9{old}")),
    RESCIND.name: (PUT, Sent("DELETE", "/v2/orders?API_KEY=load-test-key&accountId=1001&orderId=9{old}")),
}


def main() -> None:
    """Measure, and print Markdown."""
    systems = (MINIMAL, RESCIND, APP, *(install_peers() if "--peers" in sys.argv else ()))
    starts = measured_starts(systems)
    refused, cycles, controls = measured_loads(systems)
    print(
        f"\n{os.cpu_count()} cores, load by {generator()} on the same cores, {CONNECTIONS} connections; medians of "
        f"{ROUNDS} interleaved rounds of {SECONDS} s and of {STARTS} starts. Ratios are to the first row.\n"
    )
    print("| what | req/s | ratio | CPU us a call | p50 ms | p99 ms | p99 / p50 | cold start s | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for system in systems:
        print(row(f"404: {system.name}", refused[system.name], refused[MINIMAL.name], starts[system.name], starts))
    print(row(f"PUT of an order: {RESCIND.name}", controls, refused[RESCIND.name], (), starts))
    for name in CYCLES:
        print(row(f"put back and delete: {name}", cycles[name], cycles[MINIMAL.name], (), starts))
    alone, delayed = beside_delays()
    sys.stdout.flush()
    print(row("undelayed calls alone", [alone], [alone], (), starts))
    print(row(f"the same beside {DELAYED} replies delayed by 1 s", [delayed], [alone], (), starts))
    for name, loads in measured_stores().items():
        print(row(name, loads, refused[RESCIND.name], (), starts))
    loading, grown = growth()
    print("\n| growth of one call's cost | us before | us after | ratio |\n| --- | --- | --- | --- |")
    for one in grown:
        print(f"| from {one.what} | {one.small:.1f} | {one.large:.1f} | {one.large / one.small:.2f} |")
    print(
        "\n| beside work of the control API | work ms | p50 ms | p99 ms | slowest ms |\n| --- | --- | --- | --- | --- |"
    )
    for beside in bystanders():
        print(f"| {beside.what} | {beside.work_ms:,.0f} | {beside.p50:.1f} | {beside.p99:.1f} | {beside.worst:.1f} |")
    print(
        f"\n1,000,000 orders load in {loading.seconds:.0f} s, PyYAML alone takes {loading.pyyaml:.0f} s "
        f"({loading.seconds / loading.pyyaml:.2f}); an order takes {loading.order_bytes:,.0f} bytes, "
        f"a new sandbox {loading.sandbox_bytes:.0f}."
    )


def measured_starts(systems: Sequence[System]) -> dict[str, list[float]]:
    """The seconds of each system's starts."""
    starts: dict[str, list[float]] = defaultdict(list)
    for _ in range(STARTS):
        for system in systems:
            with running(system) as run:
                starts[system.name].append(run.start_seconds)
    return starts


def measured_loads(systems: Sequence[System]) -> tuple[dict[str, list[Load]], dict[str, list[Load]], list[Load]]:
    """The loads of each system with refused calls, with cycles where it has any, and of control calls."""
    refused: dict[str, list[Load]] = defaultdict(list)
    cycles: dict[str, list[Load]] = defaultdict(list)
    controls: list[Load] = []
    for _ in range(ROUNDS):
        for system in systems:
            sent = [Sent("DELETE", TARGET, tuple(system.headers.items()))]
            with running(system) as run:
                url = run.url
                measure(url, sent, 404, system.warm_up)
                refused[system.name].append(measure(url, sent, 404, SECONDS, run.cpu_seconds))
                if system.name in CYCLES:
                    cycle = CYCLES[system.name]
                    measure(url, cycle, 204, 3)
                    cycles[system.name].append(measure(url, cycle, 204, SECONDS, run.cpu_seconds))
                if system is RESCIND:
                    measure(url, [PUT], 200, 1)
                    controls.append(measure(url, [PUT], 200, SECONDS, run.cpu_seconds))
    return refused, cycles, controls


def measured_stores() -> dict[str, list[Load]]:
    """The loads of the sandbox on Redis, with one worker and with more."""
    loads: dict[str, list[Load]] = defaultdict(list)
    with sharing() as systems:
        for _ in range(ROUNDS if systems else 0):
            for system in systems:
                with running(system) as run:
                    sent = [Sent("DELETE", f"/~bench-{{n}}{TARGET}")]
                    measure(run.url, sent, 404, 1)
                    load = measure(run.url, sent, 404, SECONDS, run.cpu_seconds)
                    loads[f"404, a thousand sandboxes: {system.name}"].append(load)
    return loads


def row(
    name: str,
    mine: Sequence[Load],
    base: Sequence[Load],
    starts: Sequence[float],
    others: Mapping[str, Sequence[float]],
) -> str:
    """A line of the table; the ratios are medians of the rounds' ratios."""
    load = median(mine)
    ratio = statistics.median(one.rate / other.rate for one, other in zip(mine, base, strict=True))
    cells = [
        name,
        f"{load.rate:,.0f}",
        f"{ratio:.2f}",
        f"{load.cpu:.0f}" if load.cpu else "",
        f"{load.p50:.2f}",
        f"{load.p99:.2f}",
        f"{load.p99 / load.p50:.1f}",
    ]
    if starts:
        slower = statistics.median(one / other for one, other in zip(starts, others[MINIMAL.name], strict=True))
        cells += [f"{statistics.median(starts):.3f}", f"{slower:.2f}"]
    return f"| {' | '.join([*cells, '', ''][:9])} |"


if __name__ == "__main__":
    main()

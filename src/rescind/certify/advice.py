"""What a vendor's document says of a good client: its tasks, and what each outcome allows it to say and to do next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rescind.control.matching import url_text
from rescind.coverage.catalogue import plain_request
from rescind.documents import reading
from rescind.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.operations import Operation
    from rescind.coverage.catalogue import Source
    from rescind.rules.vendor import Vendor

CLAIMS: Final = ("gone", "refused", "unknown")
"""What a client can tell its caller: the order is gone, the vendor refused for good, it is not known."""

NEVER, AFTER, BACKOFF, RENEW = "never", "after", "backoff", "renew-credential"
"""When a call may be made again: not, after the wait that the vendor names, after a pause, with a new credential."""

DELETE, READ, RENEWAL = "delete", "read", "renew"
"""The tasks of operations."""

_SUCCESS = range(200, 300)


class Advice(NamedTuple):
    """What an outcome allows: the honest claims, when to try again, the header that names the wait, and the source."""

    claims: tuple[str, ...]
    retry: str | None
    wait: str
    source: Source


@dataclass(frozen=True)
class ClientContract:
    """What a client of one vendor is certified for: the deletion, and the operations that help.

    ``tasks`` has ``delete``, ``read`` or ``renew`` by operation. ``order`` and ``account`` are parameters of the
    deletion, and ``orders`` has the one of each operation that names the order.
    """

    vendor: Vendor
    deletion: Operation
    tasks: Mapping[str, str]
    order: str
    account: str | None
    orders: Mapping[str, str]

    def advice(self, operation: str | None, outcome: str | None) -> Advice | None:
        """Return what the document says of an outcome or else its status does; None for an unknown outcome."""
        known = self.vendor.operations.get(operation or "")
        if known is None or outcome is None or outcome not in known.examples:
            return None
        example = known.examples[outcome]
        stated = self.vendor.spec.at(example.place).get("x-client") if example.place else None
        stated = stated or _by_status(example.outcome.status)
        wait = stated.get("wait", "Retry-After").lower()
        return Advice(tuple(stated["claims"]), stated.get("retry"), wait, stated["source"])

    @cached_property
    def success(self) -> str:
        """The first outcome of the deletion that says that the order is gone now."""
        examples = self.deletion.examples.items()
        return next(name for name, example in examples if example.outcome.status in _SUCCESS)

    def first(self, retry: str) -> str | None:
        """Return the first outcome of the deletion after which a client may try again in this way."""
        if retry == RENEW:
            for scheme in self.deletion.schemes:
                for state in ("expired", "unknown"):
                    if state in scheme.refusals and self.can_retry(scheme.refusals[state], retry):
                        return scheme.refusals[state]
        return next((name for name in self.deletion.examples if self.can_retry(name, retry)), None)

    def can_retry(self, outcome: str, retry: str) -> bool:
        """Return whether the document says of an outcome of the deletion that it can be tried again in this way."""
        advice = self.advice(self.deletion.id, outcome)
        return advice is not None and advice.retry == retry

    @cached_property
    def can_renew(self) -> bool:
        """Whether the vendor has an operation that gives a new credential."""
        return RENEWAL in self.tasks.values()

    @cached_property
    def placeholders(self) -> Mapping[str, str]:
        """What each parameter of the deletion is called where a client is given it."""
        names = {scheme.name: "api_key" if scheme.kind == "apiKey" else "token" for scheme in self.deletion.schemes}
        names[self.order] = "order"
        return names | ({self.account: "account"} if self.account else {})

    @cached_property
    def gives(self) -> Mapping[str, str]:
        """What a client is given where a scenario says nothing else, by the names of the placeholders."""
        plain = plain_request(self.vendor, self.deletion)["parameters"]
        given = {place: self.written(name, plain[name]) for name, place in self.placeholders.items() if name in plain}
        return given | dict(self.vendor.fixture.client.gives)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The names of the placeholders whose values are secret."""
        return tuple(name for name in self.gives if name in _SECRET or name.endswith(("_secret", "_token", "_key")))

    def written(self, parameter: str, value: object) -> str:
        """Return the value of a parameter as a client is given it: a credential without the name of its scheme."""
        text = url_text(value)
        scheme = next((one for one in self.deletion.schemes if one.name == parameter), None)
        return text if scheme is None or scheme.kind == "apiKey" else text.partition(" ")[2]


def _by_status(status: int) -> Mapping[str, Any]:
    """Return what a status alone says to a client."""
    for stated in _statuses():
        if stated["from"] <= status <= stated["to"]:
            advice: Mapping[str, Any] = stated["x-client"]
            return advice
    raise LookupError(status)


@cache
def _statuses() -> list[Mapping[str, Any]]:
    statuses: list[Mapping[str, Any]] = reading.load(Path(__file__).with_name("statuses.yaml"), DocumentError).data
    return statuses


_SECRET = frozenset({"token", "password", "secret"})


def client_contract(vendor: Vendor) -> ClientContract | None:
    """Return what a vendor's document says of clients; None if it names no deletion."""
    stated = vendor.client_tasks
    tasks = {name: part["task"] for name, part in stated.items()}
    deletion = next((name for name, task in tasks.items() if task == DELETE), None)
    if deletion is None:
        return None
    orders = {name: part["order"] for name, part in stated.items() if "order" in part}
    stated_account = stated[deletion].get("account")
    return ClientContract(vendor, vendor.operations[deletion], tasks, orders[deletion], stated_account, orders)

"""What a store promises: sandboxes by name, and transactions of atomic verbs.

All change goes through ``Store.transact``: the work sees one consistent state, and either all of its writes happen or
none. A store may run the work again, so the work must depend on nothing but its transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from rescind.errors import StoreError
from rescind.model import CONTROL_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rescind.model import Bounds, JournalEntry

T = TypeVar("T")

SHARED: Final = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster")
"""The schemes of stores that many processes can share."""

TRACES: Final = frozenset({"serials", "rates", "abandoned", "coverage-natural", "coverage-forced"})
"""Tables in which every call leaves something, even one that changes nothing. Nobody misses a sandbox of these."""

DEFAULT_SANDBOX: Final = ""
"""The name of the sandbox that needs no name."""


class Rerun(BaseException):  # no error, and none of those that the work may catch
    """The transaction has to run again: the store has moved on. Whoever catches it must raise it again."""


class Step(NamedTuple, Generic[T]):
    """Work to be done in a sandbox, as one transaction."""

    sandbox: str
    work: Callable[[Transaction], T]


class Failed(NamedTuple):
    """A transaction that left no trace, and what it raised."""

    failure: Exception


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """A sandbox as a listing shows it: when it began and was last used, in nanoseconds, and the rows of each table."""

    name: str
    born: int
    used: int
    rows: Mapping[str, int]


class Transaction(Protocol):
    """One consistent view of a sandbox's tables and logs, and the writes that will happen together."""

    @property
    def born(self) -> int:
        """When the sandbox began, in nanoseconds since the epoch."""

    def read(self, table: str, key: str, default: Any = None) -> Any:
        """Return the JSON value at ``key``, or ``default``."""

    def write(self, table: str, key: str, value: Any) -> None:
        """Set the JSON value at ``key``. None is a value too: it says that a seed is gone."""

    def erase(self, table: str, key: str) -> None:
        """Remove ``key``, as if it had never been written."""

    def add(self, table: str, key: str, amount: int = 1) -> None:
        """Add to the number at ``key``, which is 0 at first."""

    def rows(self, table: str) -> Mapping[str, Any]:
        """Return all values of a table, in the order in which their keys were first written."""

    def append(self, log: str, entry: JournalEntry, keep: int, keep_bytes: int) -> None:
        """Add an entry to the end of a log, of which the last ``keep`` entries stay, with ``keep_bytes`` together."""

    def clear(self, log: str) -> None:
        """Remove all entries of a log."""

    def discard(self) -> None:
        """Forget all changes of this transaction."""

    def entries(self, log: str) -> Sequence[JournalEntry]:
        """Return the entries of a log that were there when the transaction began."""

    def snapshot(self) -> Transaction:
        """Return a view of the tables as they are now that outlives the transaction: for reading that takes long."""


class Store(Protocol):
    """Sandboxes by name. Every verb is atomic."""

    def transact(self, sandbox: str, now: int, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` as one atomic step; a sandbox that does not exist begins ``now``.

        Whatever ``work`` raises is raised, and nothing is written then. Raises StoreError if there is no room for
        another sandbox, and StoreDownError if the store does not answer: then ``work`` was done whole or not at all.
        """

    def transact_all(self, steps: Sequence[Step[T]], now: int) -> list[T | Failed]:
        """Run the steps as ``transact`` would, those of one sandbox in their order, in as few round trips as it takes.

        Raises nothing: a step that fails gives Failed, and the others happen.
        """

    def reset(self, sandbox: str, now: int) -> None:
        """Make the sandbox as new: it begins ``now``."""

    def sandboxes(self) -> Sequence[SandboxInfo]:
        """Return the sandboxes that exist."""

    def drop(self, sandbox: str) -> None:
        """Forget a sandbox, if there is one of the name."""

    def of(self, version: str) -> Store:
        """Return the store of worlds that grow from this version of the fixtures: two versions never meet in one world.

        A store that lives and dies with its process has only one, whose sandboxes outlive an edit of the fixtures.
        """


def no_bytes(bounds: Bounds) -> StoreError:
    """Refuse a change, since the sandboxes take as much as they may."""
    remedy = f"drop some with DELETE {CONTROL_PREFIX}/sandboxes, or start with a larger --max-total-bytes"
    return StoreError(f"the sandboxes take {bounds.total_bytes} bytes, and there is no room for more", remedy)


def no_room(bounds: Bounds) -> StoreError:
    """Refuse another sandbox, since there are as many as there may be."""
    remedy = f"drop some with DELETE {CONTROL_PREFIX}/sandboxes, or start with a larger --max-sandboxes"
    return StoreError(f"there are {bounds.sandboxes} sandboxes, and there is no room for another", remedy)

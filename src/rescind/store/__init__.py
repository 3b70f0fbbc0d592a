"""Where the world lives: everything that changes, behind atomic verbs.

A store keeps only what differs from the seeds, which is why a new sandbox costs nothing. All change goes through
``Store.transact``: the work sees one consistent state, and either all of its writes happen or none. A store may run the
work again, so the work must depend on nothing but its transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

DEFAULT_SANDBOX: Final = ""
"""The name of the sandbox that needs no name."""


class Transaction(Protocol):
    """One consistent view of a sandbox's tables, and the writes that will happen together."""

    @property
    def born(self) -> int:
        """When the sandbox began, in nanoseconds since the epoch."""

    def read(self, table: str, key: str, default: Any = None) -> Any:
        """The JSON value at ``key``, or ``default``."""

    def write(self, table: str, key: str, value: Any) -> None:
        """Set the JSON value at ``key``. None is a value too: it says that a seed is gone."""

    def rows(self, table: str) -> Mapping[str, Any]:
        """All values of a table."""


class Store(Protocol):
    """Sandboxes by name. Every verb is atomic."""

    def transact(self, sandbox: str, now: int, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` as one atomic step; a sandbox that does not exist begins ``now``.

        Whatever ``work`` raises is raised, and nothing is written then.
        """

    def reset(self, sandbox: str, now: int) -> None:
        """Make the sandbox as new: it begins ``now``."""

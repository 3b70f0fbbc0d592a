"""What is wrong with the sandbox itself, as opposed to what a client did wrong (see ``problems``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong in a file that a user wrote: where, what, and what would be right.

    ``line`` and ``column`` count from 1; 0 means that the file as a whole is meant.
    """

    file: str
    line: int
    column: int
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        """Write the finding as compilers do, so that editors can jump to it."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.problem}" + (f"\n    remedy: {self.remedy}" if self.remedy else "")


class RescindError(Exception):
    """The sandbox cannot do what it was started for."""


class DocumentError(RescindError):
    """A file that a user wrote is wrong; ``findings`` says all that is."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(map(str, self.findings)))


class SpecError(DocumentError):
    """An OpenAPI document, or the rules that belong to it, is wrong."""


class FixtureError(DocumentError):
    """A fixture is wrong."""


class StoreError(RescindError):
    """The store cannot do what it was asked; ``remedy`` says what would help."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}")


class StoreDownError(StoreError):
    """The store does not answer."""


class SettingsError(RescindError):
    """A command line option or a ``RESCIND_*`` variable is wrong."""

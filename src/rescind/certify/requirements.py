"""The requirements: their numbers, words and sources, and the functions that judge them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rescind.certify.musts import MUSTS
from rescind.certify.shoulds import SHOULDS
from rescind.documents import reading
from rescind.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescind.certify.musts import Breach
    from rescind.certify.trial import Trial
    from rescind.coverage.catalogue import Source


MUST = "MUST"
"""How the numbers of the requirements begin that decide on the certificate."""


class Requirement(NamedTuple):
    """What a client is held to: a name, a number such as ``MUST 1``, what it says, how to meet it, and the source."""

    name: str
    number: str
    states: str
    hint: str
    source: Source

    @property
    def is_must(self) -> bool:
        """Whether a client that breaks it is not certified."""
        return self.number.startswith(MUST)


@cache
def requirements() -> tuple[Requirement, ...]:
    """Return all requirements, in the order of their numbers."""
    path = Path(__file__).with_name("requirements.yaml")
    return tuple(Requirement(name, **stated) for name, stated in reading.load(path, DocumentError).data.items())


def breaches(trial: Trial) -> Iterator[tuple[Requirement, Breach]]:
    """Yield each requirement that a trial breaks, once, with the first evidence."""
    judges = {judge.__name__: judge for judge in (*MUSTS, *SHOULDS)}
    for requirement in requirements():
        breach = next(judges[requirement.name](trial), None)
        if breach:
            yield requirement, breach

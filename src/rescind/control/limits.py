"""The bounds of what control calls carry, for the schemas that check them and for the document that describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rescind.documents import moments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.model import Bounds

MAX_TIMES: Final = 1_000_000
"""How often an override may say that it is used."""

MAX_ENTRIES: Final = 10_000
"""How many journal entries one page may have."""

DEFAULT_ENTRIES: Final = 1_000
"""How many journal entries a page has if the query does not say."""

MAX_ID: Final = 10**18 - 1
"""The largest id of a journal entry that a query may name."""

MAX_VALUES: Final = 10_000
"""How many values the body of a control call may have in it; checking more would hold up the calls of vendors."""

MAX_PATTERN: Final = 1_000
"""The longest regular expression."""

MAX_SECONDS: Final = 100 * 366 * 86_400
"""How far the clock may be advanced at once: a century."""

MAX_SIGMA: Final = 10
"""The widest lognormal distribution of a delay."""

_SINCE = f"^([0-9]{{1,18}}|{moments.PATTERN})$"


def keywords(bounds: Bounds) -> Mapping[str, Mapping[str, Any]]:
    """Return the JSON Schema keywords of each bound, by the name that ``x-bound`` gives it in the document."""
    return {
        "delay": {"maximum": bounds.delay_ms},
        "times": {"maximum": MAX_TIMES},
        "entries": {"maximum": MAX_ENTRIES, "default": DEFAULT_ENTRIES},
        "id": {"maximum": MAX_ID},
        "regex": {"maxLength": MAX_PATTERN},
        "seconds": {"maximum": MAX_SECONDS},
        "sigma": {"maximum": MAX_SIGMA},
        "time": {"pattern": f"^({moments.PATTERN})$"},
        "since": {"pattern": _SINCE},
    }

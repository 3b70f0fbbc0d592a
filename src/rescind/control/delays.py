"""How long a reply is held back: a number of milliseconds, or a distribution from which each use draws one."""

from __future__ import annotations

import math
import random
from typing import Any

from marshmallow import ValidationError, fields

from rescind.control.limits import MAX_SIGMA

_FORMS = 'a number of milliseconds, {"uniform": [a, b]} or {"lognormal": {"median": m, "sigma": s}}'


class Delay(fields.Field[Any]):
    """A delay in milliseconds, at most ``longest``."""

    def __init__(self, longest: int, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's
        match value:
            case {"uniform": [low, high], **rest} if not rest and self._all_fit(low, high) and low <= high:
                return value
            case {"lognormal": {"median": median, "sigma": sigma, **more}, **rest} if (
                not rest and not more and self._all_fit(median) and _is_number(sigma) and 0 <= sigma <= MAX_SIGMA
            ):
                return value
            case _ if self._all_fit(value):
                return value
        raise ValidationError(f"Write {_FORMS}, from 0 to {self.longest}.")

    def _all_fit(self, *values: Any) -> bool:
        return all(_is_number(value) and 0 <= value <= self.longest for value in values)


def draw(delay: Any, seed: str, longest: int) -> float:
    """Return the milliseconds of one use; the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - it simulates a slow vendor, and must be repeatable
    match delay:
        case {"uniform": [low, high]}:
            return float(chance.uniform(low, high))
        case {"lognormal": {"median": median, "sigma": sigma}}:
            return float(min(median * math.exp(chance.gauss(0, sigma)), longest))
    return float(delay or 0)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))

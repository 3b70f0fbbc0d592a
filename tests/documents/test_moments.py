from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.documents import moments
from rescind.model import SECOND


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_again(moment: datetime) -> None:
    nanoseconds = moments.parse(moment.isoformat())
    assert moments.parse(moments.format(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("now", 0), ("now-2d", -172_800), ("now+1h", 3600), ("now-1w", -604_800), ("now+30s", 30), ("now+5m", 300)],
)
def test_relative_moments_count_from_now(text: str, seconds: int) -> None:
    assert moments.is_relative(text)
    assert moments.parse(text, 10**18) == 10**18 + seconds * SECOND


@pytest.mark.parametrize("text", ["", "now-", "now2d", "now-2y", "2026-11-20", "2026-11-20T12:00:00", "12:00", "x"])
def test_other_text_is_an_invalid_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid time .*: write"):
        moments.parse(text)

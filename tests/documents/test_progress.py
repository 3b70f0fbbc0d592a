from __future__ import annotations

import logging

import pytest

from rescind.documents.progress import progress


def test_long_work_says_at_each_tenth_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rescind")
    tell = progress("orders checked", 1_000_000)
    for done in range(0, 1_000_000, 5_000):
        tell(done)
    assert len(caplog.messages) == 10
    assert caplog.messages[:2] == ["orders checked: 0 of 1,000,000", "orders checked: 100,000 of 1,000,000"]


def test_short_work_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rescind")
    progress("orders checked", 99_999)(50_000)
    assert caplog.messages == []

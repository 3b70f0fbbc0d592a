"""GCRA, against a naive model that keeps every arrival."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rescind.model import SECOND
from rescind.rules.rate import arrival_of, gcra, used_up

WINDOW = 60


@given(st.integers(1, 60), st.lists(st.integers(0, 90 * SECOND), min_size=1, max_size=80))
def test_gcra_is_a_leaky_bucket(limit: int, pauses: list[int]) -> None:
    """A bucket of ``limit`` drops that leaks evenly: a request passes if its drop fits."""
    interval = WINDOW * SECOND // limit
    level, now, arrival = Fraction(0), 0, None
    for pause in pauses:
        now += pause
        level = max(Fraction(0), level - Fraction(pause, interval))
        fits = (level + 1) * interval <= WINDOW * SECOND
        arrival, rate = gcra(arrival, now, limit, WINDOW)
        assert rate.allowed == fits
        level += 1 if fits else 0
        assert rate.reset == -(-(level * interval) // SECOND)
        assert 0 <= rate.remaining < rate.limit == limit
        assert rate.retry_after == -1 or 0 < rate.retry_after <= WINDOW


@given(st.integers(1, 1000), st.integers(0, 10**19))
def test_whoever_waits_as_told_is_allowed(limit: int, now: int) -> None:
    arrival = None
    while True:
        arrival, rate = gcra(arrival, now, limit, WINDOW)
        if not rate.allowed:
            break
    assert not gcra(arrival, now, limit, WINDOW)[1].allowed
    assert gcra(arrival, now + rate.retry_after * SECOND, limit, WINDOW)[1].allowed


@given(st.integers(1, 1000), st.integers(0, 10**19))
def test_a_window_allows_exactly_its_limit_at_once_and_refills_in_one_window(limit: int, now: int) -> None:
    arrival = None
    for moment in (now, now + WINDOW * SECOND):
        allowed = 0
        for _ in range(limit + 3):
            arrival, rate = gcra(arrival, moment, limit, WINDOW)
            allowed += rate.allowed
        assert allowed == limit


def test_clock_that_was_set_back_locks_nobody_out() -> None:
    arrival, _ = gcra(None, 10**18, 4, WINDOW)
    for now in (10**18 - 61 * SECOND, 0):
        assert gcra(arrival, now, 4, WINDOW)[1].allowed


def test_rate_that_is_used_up_is_so_at_the_next_call_whenever_it_comes() -> None:
    for now in (0, 5 * SECOND, 10**18):
        arrival = arrival_of(used_up(0), now, 30, 60)
        after, rate = gcra(arrival, now, 30, 60)
        assert (after, rate.retry_after) == (arrival, 2)
        assert gcra(after, now + 2 * SECOND, 30, 60)[1].allowed
        one_left = arrival_of(used_up(1), now, 30, 60)
        then, first = gcra(one_left, now, 30, 60)
        assert first.allowed
        assert gcra(then, now, 30, 60)[1].retry_after == 2
    assert arrival_of(None, 7, 30, 60) is None
    assert arrival_of(7, 9, 30, 60) == 7

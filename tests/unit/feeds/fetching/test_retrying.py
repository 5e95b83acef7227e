"""When a fetch that failed is tried again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.fetching.retrying import Backoff, pause, retry_after

SHARES = st.floats(0, 1, exclude_max=True)
POLICIES = st.builds(
    Backoff, attempts=st.integers(1, 1000), first=st.floats(0, 100), most=st.floats(0, 1000), asked=st.floats(0, 1000)
)


@pytest.mark.parametrize(("failures", "ceiling"), [(1, 1), (2, 2), (3, 4), (4, 8), (7, 60), (99, 60)])
def test_the_longest_pause_doubles_up_to_a_bound(failures: int, ceiling: float) -> None:
    backoff = Backoff(attempts=100)
    assert pause(backoff, failures, 0.5) == ceiling / 2
    assert pause(backoff, failures, 0.0) == 0.0


@given(POLICIES, st.integers(1, 2000), SHARES, st.none() | st.floats(0, 2000))
def test_no_pause_is_shorter_than_asked_for_or_longer_than_allowed(
    backoff: Backoff, failures: int, share: float, asked: float | None
) -> None:
    seconds = pause(backoff, failures, share, asked)
    if failures >= backoff.attempts or (asked is not None and asked > backoff.asked):
        assert seconds is None
    else:
        assert seconds is not None
        assert (asked or 0.0) <= seconds <= max(backoff.most, asked or 0.0)


@given(POLICIES, SHARES)
def test_it_comes_to_an_end(backoff: Backoff, share: float) -> None:
    pauses = [pause(backoff, failures, share) for failures in range(1, backoff.attempts + 1)]
    assert pauses[-1] is None and None not in pauses[:-1]
    assert sum(seconds or 0.0 for seconds in pauses) <= backoff.most * backoff.attempts


@given(POLICIES, st.integers(1, 50), SHARES)
def test_a_larger_share_waits_no_shorter_and_so_does_a_later_failure(
    backoff: Backoff, failures: int, share: float
) -> None:
    now, larger, later = (
        pause(backoff, failures, share), pause(backoff, failures, (1 + share) / 2), pause(backoff, failures + 1, share)
    )  # fmt: skip
    if now is not None and larger is not None:
        assert now <= larger
    if now is not None and later is not None:
        assert now <= later


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 10:00:30 -0000", 30.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("12345678901", None),
    ],
)
def test_what_a_server_asks_for_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, 1_795_341_600.0) == seconds


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]\d{4}"))
def test_nothing_that_a_server_says_breaks_it(header: str) -> None:
    seconds = retry_after(header, 1_795_341_600.0)
    assert seconds is None or seconds >= 0

"""When a server that did not answer is tried again."""

from __future__ import annotations

from streams.ledger.breaker import FIRST_PAUSE, LONGEST_PAUSE, Breaker


def test_nothing_is_held_back_while_it_answers() -> None:
    breaker = Breaker()
    assert breaker.is_closed
    assert breaker.may_try(0.0)
    assert not breaker.answered()


def test_pauses_double_up_to_the_longest() -> None:
    breaker, now, pauses = Breaker(), 100.0, []
    for _ in range(9):
        breaker.failed(now)
        assert not breaker.may_try(now)
        pause = next(p / 100 for p in range(1, 1000) if breaker.may_try(now + p / 100))
        pauses.append(pause)
        now += pause
    assert pauses[:4] == [FIRST_PAUSE, 0.2, 0.4, 0.8]
    assert pauses[-1] == LONGEST_PAUSE


def test_only_the_first_failure_and_the_first_answer_after_it_are_news() -> None:
    breaker = Breaker()
    assert [breaker.failed(0.0), breaker.failed(1.0)] == [True, False]
    assert [breaker.answered(), breaker.answered()] == [True, False]
    assert breaker.failed(2.0)
    assert breaker.may_try(2.0 + FIRST_PAUSE)

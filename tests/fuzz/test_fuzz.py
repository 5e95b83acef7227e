"""A thousand mutated feeds and templates, as many guided by coverage, and that a flaw would be told of.

`make fuzz` plays ten thousand of each.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import flawed, guided
from tests.fuzz.corpus import FEED_TOKENS, TEMPLATE_TOKENS, feeds, templates
from tests.fuzz.mutating import mutated
from tests.fuzz.running import TRIALS, Kind, run
from tests.fuzz.trials import try_feed, try_template

HEADS = (b"<yml_catalog><shop><offers>", b"<rss xmlns:g='http://base.google.com/ns/1.0'>", b"id,name,price\n", b"")
KINDS: tuple[Kind, ...] = ("feeds", "templates")


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_mutated_ones_keep_every_promise(kind: Kind) -> None:
    result = run(TRIALS[kind](1), 1000)
    assert result.failed == []
    assert result.tried == 1000
    assert len(result.outcomes) >= 3, "what is tried is too much alike"


@pytest.mark.skipif(
    find_spec("atheris") is None and not os.environ.get("CI"),
    reason="Atheris is for Linux on x86-64 and Python up to 3.13",
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_guided_by_coverage_keep_every_promise(kind: Kind, capfd: pytest.CaptureFixture[str]) -> None:
    assert guided.run(kind, 1000, 1), capfd.readouterr().out


def test_what_is_not_mutated_keeps_every_promise_and_some_of_it_is_read() -> None:
    assert {try_feed(feed) for feed in feeds()} >= {"products"}
    assert {try_template(template) for template in templates()} >= {"written", "invalid"}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TEMPLATE_TOKENS), min_size=1, max_size=12), st.sampled_from(("", " ")))
def test_any_words_of_the_language_in_a_row_are_a_template_or_refused_with_their_place(
    words: list[str], between: str
) -> None:
    text = between.join(words)
    try_template(text)
    try_template("{{ " + text + " }}")


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(HEADS),
    st.lists(st.one_of(st.sampled_from(FEED_TOKENS), st.binary(max_size=8)), max_size=30),
)
def test_any_pieces_of_feeds_in_a_row_are_read_or_refused(head: bytes, pieces: list[bytes]) -> None:
    try_feed(head + b"".join(pieces))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_a_mutation_follows_from_its_seed(seed: int) -> None:
    assert mutated(templates(), TEMPLATE_TOKENS, str(seed)) == mutated(templates(), TEMPLATE_TOKENS, str(seed))


def test_a_trial_that_crashes_is_told_of_and_the_others_go_on() -> None:
    result = run(flawed.crashing, 5)
    assert result.failed == [(2, "the process ended by SIGSEGV")]
    assert result.outcomes == {"fine": 4}


def test_a_trial_that_hangs_is_told_of_and_the_others_go_on() -> None:
    result = run(flawed.hanging, 3, hang=8.0)
    assert result.failed == [(1, "nothing for 8 s")]
    assert result.outcomes == {"fine": 2}


def test_a_trial_that_eats_memory_is_told_of() -> None:
    result = run(flawed.hungry, 3)
    assert [(number, wrong.partition(" ")[0]) for number, wrong in result.failed] == [(1, "took")]


def test_a_trial_that_breaks_a_promise_is_told_of() -> None:
    assert run(flawed.wrong, 5).failed == [(3, "AssertionError: three is not fine")]

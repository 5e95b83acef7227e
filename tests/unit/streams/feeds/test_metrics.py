"""The metrics of a process that looks at shops' feeds."""

from __future__ import annotations

import re

from feeds.held import HeldNote
from feeds.tally import Tally
from schemas.instants import SECOND
from streams.feeds.look import Look
from streams.feeds.metrics import FeedMetrics
from streams.feeds.sync import Outcome
from streams.metrics import Metrics
from streams.products import Synced

NOTE = HeldNote(
    shop_id="tea", source="f", held_at="2026-11-22T10:00:00Z", size=1, products=1, known=30, new=0, changed=0,
    vanished=29, unchanged=1, reasons=(),
)  # fmt: skip


def published(products: int) -> Look:
    tally = Tally("yml")
    tally.products = products
    return Look("tea", "published", 1000, Outcome(tally, Synced("s")), retries=2)


def samples(metrics: FeedMetrics) -> dict[str, float]:
    lines = re.findall(r"^(rewake_feed_\S+) (\S+)$", metrics.exposition().decode(), re.MULTILINE)
    return {name: float(value) for name, value in lines if "_created" not in name}


def test_looks_are_counted_by_shop_and_by_what_became_of_them() -> None:
    metrics = FeedMetrics()
    metrics.take(published(30), 7 * SECOND)
    metrics.take(Look("tea", "unchanged"), 8 * SECOND)
    metrics.take(Look("books", "failed", reason="http-status"), 9 * SECOND)
    found = samples(metrics)
    assert found['rewake_feed_looks_total{shop="tea",what="published"}'] == 1
    assert found['rewake_feed_looks_total{shop="tea",what="unchanged"}'] == 1
    assert found['rewake_feed_looks_total{shop="books",what="failed"}'] == 1
    assert found['rewake_feed_failures_total{reason="http-status",shop="books"}'] == 1
    assert found['rewake_feed_good_timestamp_seconds{shop="tea"}'] == 8
    assert 'rewake_feed_good_timestamp_seconds{shop="books"}' not in found
    assert found['rewake_feed_products{shop="tea"}'] == 30
    assert found['rewake_feed_bytes_total{shop="tea"}'] == 1000
    assert found['rewake_feed_retries_total{shop="tea"}'] == 2


def test_a_shop_that_has_no_feed_any_more_is_neither_held_nor_old() -> None:
    metrics = FeedMetrics()
    metrics.begin("tea", SECOND, held=True)
    metrics.begin("books", SECOND, held=False)
    metrics.end("tea")
    found = samples(metrics)
    assert 'rewake_feed_held{shop="tea"}' not in found
    assert 'rewake_feed_good_timestamp_seconds{shop="tea"}' not in found
    assert found['rewake_feed_held{shop="books"}'] == 0


def test_a_feed_is_held_until_it_is_sound_again_whatever_fails_between() -> None:
    metrics, told = FeedMetrics(), []
    for look in (published(30), Look("tea", "held", held=NOTE), Look("tea", "failed", reason="kafka"), published(30)):
        metrics.take(look, 5 * SECOND if look.held else 4 * SECOND)
        told.append(samples(metrics)['rewake_feed_held{shop="tea"}'])
    assert told == [0, 1, 1, 0]
    assert samples(metrics)['rewake_feed_good_timestamp_seconds{shop="tea"}'] == 4


def test_names_say_what_they_are_of_and_none_is_a_workers() -> None:
    definitions = FeedMetrics().definitions
    names = {definition.name for definition in definitions}
    assert len(names) == len(definitions) and not names & {definition.name for definition in Metrics().definitions}
    for definition in definitions:
        assert re.fullmatch(r"rewake_feed_[a-z_]+", definition.name)
        assert definition.meaning.endswith(".") and definition.labels[0] == "shop"


def test_a_feed_that_fails_since_the_watch_began_grows_old_and_one_that_is_held_stays_so() -> None:
    metrics = FeedMetrics()
    metrics.begin("tea", 7 * SECOND, held=True)
    metrics.begin("books", 8 * SECOND, held=False)
    for shop in ("tea", "books"):
        metrics.take(Look(shop, "failed", reason="timeout"), 9 * SECOND)
    found = samples(metrics)
    assert [found[f'rewake_feed_good_timestamp_seconds{{shop="{shop}"}}'] for shop in ("tea", "books")] == [7, 8]
    assert [found[f'rewake_feed_held{{shop="{shop}"}}'] for shop in ("tea", "books")] == [1, 0]

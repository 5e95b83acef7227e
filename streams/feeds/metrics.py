"""What a process that looks at shops' feeds (`rewake feed sync --watch`) counts."""

from __future__ import annotations

from contextlib import suppress

from schemas.instants import SECOND
from streams.feeds.look import Look
from streams.metrics import Exposed


class FeedMetrics(Exposed):
    """By shop. `begin` each, then `take` every look, and `end` the one that has no feed any more."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = self._counter(
            "rewake_feed_looks",
            "Looks at a feed by what became of them: `published`, `unchanged`, `held`, `failed`.",
            "shop",
            "what",
        )
        self.failures = self._counter("rewake_feed_failures", "Looks that failed, by why.", "shop", "reason")
        self.retries = self._counter("rewake_feed_retries", "Times that fetching a feed was tried again.", "shop")
        self.bytes = self._counter("rewake_feed_bytes", "Bytes of feeds that were fetched or copied.", "shop")
        self.held = self._gauge(
            "rewake_feed_held",
            "1 while a feed is held because it looks wrong: its products stay as they were, until it is accepted or "
            "sound again.",
            "shop",
        )
        self.good = self._gauge(
            "rewake_feed_good_timestamp_seconds",
            "When the feed was last published, or found unchanged, in seconds since 1970; when the watch began, where "
            "that was not since.",
            "shop",
        )
        self.products = self._gauge("rewake_feed_products", "Products of the feed as it was last published.", "shop")

    def begin(self, shop: str, at: int, *, held: bool) -> None:
        """The watch of a shop's feed begins at an instant in microseconds. A feed that fails from then on is not one
        that nobody counts."""
        self.held.labels(shop).set(held)
        self.good.labels(shop).set(at / SECOND)

    def end(self, shop: str) -> None:
        """The shop has no feed any more: a feed that nobody looks at is neither held nor old."""
        for gauge in (self.held, self.good, self.products):
            with suppress(KeyError):
                gauge.remove(shop)

    def take(self, looked: Look, at: int) -> None:
        """One more look, over at an instant in microseconds."""
        shop = looked.shop_id
        self.looks.labels(shop, looked.what).inc()
        self.retries.labels(shop).inc(looked.retries)
        self.bytes.labels(shop).inc(looked.size or 0)
        if looked.failed:
            self.failures.labels(shop, looked.reason).inc()
            return
        self.held.labels(shop).set(looked.held is not None)
        if looked.held is None:
            self.good.labels(shop).set(at / SECOND)
        if looked.outcome is not None:
            self.products.labels(shop).set(looked.outcome.tally.products)

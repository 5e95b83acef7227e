"""Judges drafts: what of a record can be trusted becomes a product, the rest is left out and reported.

Rules, the same for every format (docs/feeds.md states them for people):
- A field that can't be trusted is left out and reported; the product stays. A price without a readable amount, below
  zero or in an unknown currency is left out (with its currency); no message shows a price nobody meant.
- A text that is longer than the wire allows is left out too, and nothing of a feed holds a line break.
- An `old_price` that is not above the price is no discount and is left out.
- An availability word nobody knows counts as not available: better silent than wrong. A number counts as a stock.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from feeds.draft import Draft
from feeds.money import WITH_THOUSANDTHS, WITHOUT_CENTS, amount, currency, is_point_and_three, plain_amount, price
from feeds.problems import Limits, Repaired
from schemas.catalogue import Product
from schemas.fields import MAX_ID, MAX_TEXT, MAX_URL

MAX_PATH: Final = 50
MAX_LABELS: Final = 50
MAX_STOCK: Final = 1_000_000_000
"""Bounds of `schemas.products.ProductSnapshot`, the contract that products are published under."""

MAX_KNOWN: Final = 20_000
MAX_KNOWN_CHARS: Final = 200
"""How many params, and of what length, the judge knows by sight."""

_AVAILABLE: Final = frozenset(
    ("true", "yes", "y", "in_stock", "instock", "available", "limited_availability", "да", "есть", "в_наличии")
)
_UNAVAILABLE: Final = frozenset(
    (
        *("false", "no", "n", "out_of_stock", "outofstock", "not_available", "unavailable", "discontinued"),
        *("preorder", "pre_order", "backorder", "available_for_order", "нет", "нет_в_наличии", "под_заказ"),
    )
)
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_INVISIBLE: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069\ufeff]+")  # they reorder what follows in a message
_UNCLEAN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]|[^\S ]|  |\A | \Z"
)  # one pass, no repetition: a hostile text can't make it slow
_PLAIN_URL: Final = re.compile(r"https?://[!$-.0-;=@-~][!#-;=?-~]*+")  # what most are: `_URL` in printable ASCII
_URL: Final = re.compile(r"https?://[^\s/?#<>\"]+[^\s<>\"]*", re.IGNORECASE)


class Judge:
    """Turns drafts into products; `repaired` says what of the last one was left out or read otherwise than written.

    Sound texts are by far the most, so each field has a short way for them, and pairs of params, which shops repeat in
    thousands of offers, are known by sight.
    """

    repaired: list[Repaired]

    def __init__(self, shop_id: str, limits: Limits, at: int | None) -> None:
        self._shop_id = shop_id
        self._limits = limits
        self._at = at
        self.turns_at: int | None = None
        self._sound_params: set[tuple[str, str]] = set()
        self._sound_paths: set[tuple[str, ...]] = set()

    def _note(self, reason: str, detail: str) -> None:
        self.repaired.append(Repaired(self._draft.line, self._id, reason, detail))

    def product(self, draft: Draft, product_id: str) -> Product:
        self._draft = draft
        self._id = product_id
        self.repaired = []
        if draft.repaired:
            self.repaired = [Repaired(note.line, product_id, note.reason, note.detail) for note in draft.repaired]
        group, name, vendor, category = draft.group_id, draft.name, draft.vendor, draft.category_id
        now, before, code = self._prices()
        stock = self._stock() if draft.stock else None
        most = self._limits.text_chars
        whole = f"{group}|{name}|{vendor}|{category}"  # looked at once where all four are short and clean
        if len(whole) > min(MAX_ID, most) or not _is_one_line(whole) or " |" in whole or "| " in whole:
            group = self._text("group_id", group, MAX_ID)
            name = self._text("name", name, most)
            vendor = self._text("vendor", vendor, most)
            category = self._text("category_id", category, MAX_ID)
        return Product(
            product_id=product_id,
            shop_id=self._shop_id,
            group_id=group or None,
            name=name or None,
            vendor=vendor or None,
            category_id=category or None,
            category_path=self._path(draft.category_path),
            price=now,
            old_price=before,
            currency=code,
            available=(draft.available == "true" or self._available()) and stock != 0,
            stock=stock,
            url=self._link(draft.url, "bad-url"),
            picture=self._link(draft.picture, "bad-picture"),
            params=self._params(draft.params) if draft.params else (),
            labels=self._texts("label", draft.labels, MAX_TEXT, MAX_LABELS) if draft.labels else (),
        )

    def _text(self, field: str, text: str | None, most: int) -> str | None:
        if not text:
            return None
        clean = text if _is_one_line(text) else one_line(text)
        if clean is not None and len(clean) > most:
            self._note("text-too-long", f"{field}: {len(clean):,} characters where {most:,} are allowed; left out")
            return None
        return clean

    def _texts(self, field: str, texts: tuple[str, ...], most: int, count: int) -> tuple[str, ...]:
        return tuple(filter(None, [self._text(field, text, most) for text in texts[:count]]))

    def _path(self, path: tuple[str, ...]) -> tuple[str, ...]:
        if not path or path in self._sound_paths:
            return path
        judged = self._texts("category", path, self._limits.text_chars, MAX_PATH)
        if judged == path:
            _know(self._sound_paths, path)
        return judged

    def _params(self, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        if self._sound_params.issuperset(pairs):
            return pairs
        most = self._limits.text_chars
        judged = []
        for pair in pairs:
            if pair not in self._sound_params:
                name, value = self._text("param", pair[0], most), self._text("param", pair[1], most)
                if not name or not value:
                    continue
                if (name, value) != pair:
                    pair = name, value
                elif len(name) + len(value) < MAX_KNOWN_CHARS:
                    _know(self._sound_params, pair)
            judged.append(pair)
        return tuple(judged)

    def _prices(self) -> tuple[Decimal | None, Decimal | None, str | None]:
        draft = self._draft
        text, text_before = draft.price, draft.old_price
        now, code = self._money("price", text) if text else (None, None)
        before, before_code = self._money("old_price", text_before) if text_before else (None, None)
        if draft.sale_price and self._on_sale():
            sale, sale_code = self._money("sale_price", draft.sale_price)
            if sale is not None:
                now, code, before, before_code = sale, sale_code, now, code
                text, text_before = draft.sale_price, text
        written = code or draft.currency or before_code
        known = None
        if written:
            known = _currency(written, draft.currency or before_code)
            if known is None:
                self._note("unknown-currency", f"{written[:20]!r} is no currency known here; the price is left out")
                return None, None, None
            if code or before_code or known in WITHOUT_CENTS:
                now = self._meant(now, text, known, bool(code))
                before = self._meant(before, text_before, known, bool(before_code))
        other = bool(before_code) and _currency(before_code, draft.currency or code) != known
        if before is not None and (now is None or before <= now or other):
            if before != now:
                self._note("bad-old-price", "an old price that is not above the price is left out")
            before = None
        return now, before, known

    def _meant(self, value: Decimal | None, text: str | None, known: str, beside: bool) -> Decimal | None:
        """What `1.299` means: in a currency without cents the point divides thousands. In one with cents nobody knows
        where a sign or word stands `beside` it, as people write prices; programs write none, and mean a fraction."""
        if value is None or not text or known in WITH_THOUSANDTHS or not is_point_and_three(text):
            return value
        if known in WITHOUT_CENTS:
            return Decimal(int(value * 1000))
        if not beside:
            return value
        self._note("bad-price", f"{text[:40]!r} is a thousand and more, or a fraction: nobody can tell")
        return None

    def _money(self, field: str, text: str) -> tuple[Decimal | None, str | None]:
        value = plain_amount(text)
        if value is not None:
            return value, None
        value, code = price(text) if not text.replace(".", "", 1).isdigit() else (amount(text), None)
        if value is None:
            self._note("bad-price", f"{field}: {text[:40]!r} is no price")
            return None, code
        if value < 0:
            self._note("bad-price", f"{field}: {text[:40]!r} is below zero")
            return None, code
        return value, code

    def _on_sale(self) -> bool:
        window = self._draft.sale_window
        if not window:
            return True
        begin, slash, end = window.partition("/")
        try:
            bounds = [datetime.fromisoformat(part.strip()) for part in (begin, end)] if slash else []
        except ValueError:
            bounds = []
        if len(bounds) != 2 or any(bound.tzinfo is None for bound in bounds):
            self._note("bad-sale-window", "the sale price's dates can't be read; the sale price is left out")
            return False
        if self._at is None:
            return False
        begins, ends = (round(bound.timestamp() * 1e6) for bound in bounds)
        ahead = [bound for bound in (begins, ends, self.turns_at) if bound is not None and bound > self._at]
        self.turns_at = min(ahead, default=None)
        return begins <= self._at < ends

    def _available(self) -> bool:
        text = self._draft.available
        if text is None:
            return True
        word = "_".join(text.lower().replace("-", " ").split())
        if word in _AVAILABLE:
            return True
        if word in _UNAVAILABLE:
            return False
        if word.isascii() and word.isdigit():
            self._note("bad-availability", f"{text[:20]!r} read as a number in stock")
            return int(word[:20]) > 0
        self._note("bad-availability", f"{text[:40]!r} is no availability known here; counts as not available")
        return False

    def _stock(self) -> int | None:
        text = self._draft.stock
        if not text:
            return None
        if len(text) < 10 and text.isascii() and text.isdigit():
            return int(text)
        value = amount(text)
        if value is None or value > MAX_STOCK:
            self._note("bad-stock", f"{text[:40]!r} is no number in stock")
            return None
        return max(0, int(value))

    def _link(self, text: str | None, reason: str) -> str | None:
        if not text:
            return None
        if _PLAIN_URL.fullmatch(text) and len(text) <= MAX_URL:
            return text
        link = text.strip()
        if len(link) > MAX_URL or _URL.fullmatch(link) is None or CONTROLS.search(link):
            self._note(reason, f"{link[:60]!r} is no http or https address")
            return None
        return link


_currency: Final = lru_cache(maxsize=1024)(currency)


def _know(known: set[Any], one: tuple[Any, ...]) -> None:
    """What many offers have comes again soon; what one alone has must not fill the place for good."""
    if len(known) >= MAX_KNOWN:
        known.clear()
    known.add(one)


def _is_one_line(text: str) -> bool:
    """Whether `one_line` would leave it as it is, told of nearly all texts that are; it is not empty."""
    return text.isprintable() and "  " not in text and text[0] != " " and text[-1] != " "


def one_line(text: str) -> str | None:
    """`text` without control characters and line breaks, so that no feed can break a message; None when empty."""
    if _UNCLEAN.search(text) is None:
        return text or None
    if not text.isascii() or not text.isprintable():
        text = _INVISIBLE.sub("", CONTROLS.sub(" ", text))
    return " ".join(text.split()) or None

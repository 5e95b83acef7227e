"""A shop's settings: what is written in shop.yaml, as the engine uses it, and what is wrong between its parts."""

from __future__ import annotations

from typing import Final

from phonenumbers import country_code_for_region

from schemas.feed_guard import DEFAULT_GUARD
from triggers.calendars.phone_zones import NUMBERED_BY_PLACE, of_country_code
from triggers.calendars.quiet import Quiet, ever_open
from triggers.messages.writing import AS_IT_IS
from triggers.rules import quantities, written_links
from triggers.rules.clean import RECEIPTS
from triggers.rules.documents import Document
from triggers.rules.errors import RuleError, RuleWarning
from triggers.rules.model import Budget, Cap, Shop
from triggers.rules.remembered import needed, show_per
from triggers.rules.written_inbound import answering
from triggers.rules.written_limits import MAX_CAP
from triggers.rules.written_shop import WrittenShop
from triggers.rules.written_writing import dear_schemes


def settings(written: WrittenShop, shop_id: str) -> Shop:
    """What is written, as the engine uses it."""
    quiet = written.quiet_hours
    return Shop(
        id=shop_id,
        name=written.name,
        sender=written.sender,
        currency=written.currency,
        time_zone=written.time_zone,
        language=written.language,
        url=written.url,
        cart_url=written.cart_url,
        default_region=written.default_region,
        # the order in which limits are written means nothing
        caps=tuple(sorted((cap.meant() for cap in written.caps), key=_cap_order)),
        budgets=(
            *sorted((budget.meant() for budget in written.budgets), key=lambda budget: budget.unit),
            *(() if written.pace is None else (Budget(written.pace, per="minute"),)),
        ),
        sms_price=written.sms_price,
        compete=written.compete,
        dedupe_product=written.dedupe.product if written.dedupe else None,
        dedupe_text=written.dedupe.text if written.dedupe else None,
        holdout=written.holdout,
        quiet_hours=quiet.meant() if quiet else None,
        opt_out_text=tuple(sorted(written.opt_out_text.items())),
        sunset=written.sunset.meant() if written.sunset else None,
        receipts=written.receipts.meant() if written.receipts else RECEIPTS,
        opt_in_sources=frozenset(written.opt_in_sources),
        confirm_sources=None if written.double_opt_in is None else frozenset(written.double_opt_in.sources),
        call_consent=written.call_consent,
        economics=written.economics.meant() if written.economics else None,
        feed_guard=written.feed.guard.meant() if written.feed else DEFAULT_GUARD,
        feed=written.feed.meant() if written.feed else None,
        figures=written.figures,
        writing=written.writing.meant() if written.writing else AS_IT_IS,
        links=written_links.meant(written.links),
        test_list=tuple(sorted(written.test_list.items())),
        inbound=answering(written.opt_out_languages, written.keywords, written.answers),
    )


def errors_between(shop: Shop, written: WrittenShop, document: Document) -> list[RuleError]:
    """What is wrong between a shop's settings."""
    errors = []
    for number, cap in enumerate(written.caps):
        most = needed(cap.meant(), shop.caps)
        if most is None or most > MAX_CAP:
            errors.append(
                document.error(
                    document.place(("caps", number)),
                    f"a customer may get {'any number of' if most is None else most} touches in the time of this cap, "
                    f"and the last {MAX_CAP} are remembered",
                    f"add a cap by customer, like `{MAX_CAP} per {show_per(cap.meant())}`",
                )
            )
    for number, budget in enumerate(written.budgets):
        if budget.money is not None and written.sms_price is None:
            place = document.place(("budgets", number))
            errors.append(document.error(place, "a budget of money needs `sms_price`", "say what a segment costs"))
        if number and any((budget.money is None) == (other.money is None) for other in written.budgets[:number]):
            place = document.place(("budgets", number))
            errors.append(document.error(place, f"a second budget of {budget.meant().unit}", "one is enough"))
    return errors


def warnings_of(shop: Shop, document: Document) -> list[RuleWarning]:
    """What is allowed and probably not meant."""
    dear = dear_schemes([(("writing",), shop.writing)], document)
    return _forgotten(shop, document) + _never_open(shop, document) + dear


def _forgotten(shop: Shop, document: Document) -> list[RuleWarning]:
    """Where products may be offered again sooner than the shop says."""
    if shop.dedupe_product is None:
        return []
    most = needed(Cap(1, shop.dedupe_product), shop.caps)
    if most is not None and most <= MAX_CAP:
        return []
    place = document.place(("dedupe",))
    window = quantities.show_duration(shop.dedupe_product)
    return [
        RuleWarning(
            document.file, place.line, place.column,
            f"a customer may get {'any number of' if most is None else most} touches within {window}, and what the "
            f"last {MAX_CAP} offered is remembered",
            f"add a cap, like `{MAX_CAP} per {window}`",
        )
    ]


def _never_open(shop: Shop, document: Document) -> list[RuleWarning]:
    """Whom quiet hours leave no instant at all: customers whose zone is told by a phone of a country with many."""
    if shop.quiet_hours is None or shop.default_region is None:
        return []
    code = str(country_code_for_region(shop.default_region))
    zones = None if code in NUMBERED_BY_PLACE else of_country_code(code)
    quiet = Quiet(shop.quiet_hours)
    if zones is None or all(ever_open(quiet, zones, at) for at in (_WINTER, _SUMMER)):
        return []
    place = document.place(("quiet_hours",))
    return [
        RuleWarning(
            document.file, place.line, place.column,
            f"these quiet hours leave no hour that is open in all {len(zones.zones)} time zones of phones with "
            f"{zones.name}, so that customers without a `time_zone` are not written to",
            "leave more hours open, or send the customers' `time_zone`",
        )
    ]


_WINTER: Final = 1_768_176_000_000_000
_SUMMER: Final = 1_783_900_800_000_000
"""Two Mondays, 2026-01-12 and 2026-07-13."""


def _cap_order(cap: Cap) -> tuple[object, ...]:
    return cap.window, cap.limit, cap.by, cap.only, cap.span, cap.on_full

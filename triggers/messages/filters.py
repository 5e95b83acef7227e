"""The filters of templates: money, dates, plurals and shortening, in the customer's language (CLDR, by Babel).

The language is the customer's where Babel knows it, else the shop's, else English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from babel import Locale
from babel.dates import parse_pattern
from babel.numbers import format_currency, is_currency
from jinja2 import nodes

from triggers.context import Context
from triggers.expressions.filters import SHARED, CompileFilter, count_arguments, literal_number, literal_text
from triggers.expressions.syntax import SourceInvalid
from triggers.expressions.term import Term
from triggers.expressions.types import TEXT, Kind
from triggers.expressions.values import Missing, Scope
from triggers.messages import sms
from triggers.messages.cuts import may_cut
from triggers.messages.locales import known
from triggers.messages.plurals import MOST, fits, plural_form, said_of

_DATE_PATTERN: Final = re.compile(r"(?:d{1,2}|M{1,4}|L{3,4}|yy|yyyy|E{1,4}|H{1,2}|h{1,2}|mm|a|[ .,:/-]){1,12}")
_TOUCHING: Final = re.compile(r"([^\W\d_])(\d)")
_TIME_LETTERS: Final = re.compile(r"[Hhma]")


def _locale_of(context: Context) -> Locale:
    for language in (context.customer.language, context.shop.language, "en"):
        locale = known(language) if language else None
        if locale is not None:
            return locale
    raise AssertionError("Babel always knows English")


def _plain_blanks(text: str) -> str:
    """Babel's non-breaking blanks would turn a GSM-7 text into UCS-2, and so cost half of it."""
    return re.sub("[\u00a0\u202f\u2009]", " ", text)


def _money(term: Term, arguments: Sequence[Term], node: nodes.Filter) -> Term:
    """An amount with its currency, which is that of the value, else the shop's; whole amounts without a fraction."""
    count_arguments(node, arguments, (0, 1), "cart.total | money")
    _needs(term, node, Kind.NUMBER)
    run, currency_of = term.run, term.currency
    if arguments:
        currency = literal_text(arguments[0], node)
        if not is_currency(currency):
            raise arguments[0].refused(f"unknown currency `{currency}`", 'write it like `money("RUB")`')
        currency_of = arguments[0].run

    def money(scope: Scope) -> Any:
        value = run(scope)
        if isinstance(value, Missing):
            return value
        currency = currency_of(scope) if currency_of is not None else Missing("")
        if isinstance(currency, Missing):
            currency = scope.context.shop.currency
        if not currency:
            return Missing("shop.currency")
        return money_text(value, currency, _locale_of(scope.context))

    return Term(TEXT, money, node)


@lru_cache(maxsize=4096)  # Babel takes 80 us, and prices come again
def money_text(amount: Decimal, currency: str, locale: Locale) -> str:
    """ "1 990 ₽", "$19.50", "RUB 3,980": a currency written in letters stands apart from the number."""
    if abs(amount) >= Decimal(10) ** 15:
        return f"{amount:f} {currency}"
    pattern = locale.currency_formats["standard"].pattern
    if amount == amount.to_integral_value():
        whole = re.sub(r"\.0+", "", pattern)
        text = format_currency(amount, currency, whole, locale, currency_digits=False)
    else:
        text = format_currency(amount, currency, locale=locale)
    return _plain_blanks(_TOUCHING.sub(r"\1 \2", text))


def _date(term: Term, arguments: Sequence[Term], node: nodes.Filter) -> Term:
    """A day as people of the language write it ("12 December"), or by a CLDR pattern ("dd.MM")."""
    count_arguments(node, arguments, (0, 1), 'incentive.valid_until | date("dd.MM")')
    _needs(term, node, Kind.DATE, Kind.INSTANT)
    pattern: str | None = None
    if arguments:
        pattern = literal_text(arguments[0], node)
        example = "a pattern is made of d, M, y, E, H, m and signs, like `dd.MM.yyyy`"
        if _DATE_PATTERN.fullmatch(pattern) is None:
            raise arguments[0].refused(f"`{pattern}` is no pattern for a date", example)
        if term.type.kind is Kind.DATE and _TIME_LETTERS.search(pattern):
            raise arguments[0].refused(f"`{term.source}` is a date without a time, `{pattern}` asks for one", example)
    run = term.run

    def written_date(scope: Scope) -> Any:
        value = run(scope)
        return value if isinstance(value, Missing) else date_text(value, pattern, _locale_of(scope.context))

    return Term(TEXT, written_date, node)


def date_text(value: date | datetime, pattern: str | None, locale: Locale) -> str:
    """`value` as it stands: an instant already is in the customer's zone."""
    if type(value) is date:
        return _day_text(value, pattern, locale)
    return _date_text(value, pattern, locale)


def _date_text(value: date | datetime, pattern: str | None, locale: Locale) -> str:
    wanted = pattern or str(locale.datetime_skeletons.get("MMMMd") or locale.date_formats["medium"])
    return _plain_blanks(str(parse_pattern(wanted).apply(value, locale)))


# Days alone: two datetimes of one instant are equal, whatever their zones show.
_day_text: Final = lru_cache(maxsize=1024)(_date_text)


def _plural(language: str | None) -> CompileFilter:
    """The form of a word for a number: two forms as in English, three as in Russian, up to six (CLDR plural rules).

    `language`: the shop's, which the words are in; None: the rule asks for the customer's, so that they may be in
    that."""

    def compile_plural(term: Term, arguments: Sequence[Term], node: nodes.Filter) -> Term:
        count_arguments(node, arguments, tuple(range(2, MOST + 1)), 'cart.count | plural("item", "items")')
        _needs(term, node, Kind.NUMBER)
        forms = tuple(literal_text(argument, node) for argument in arguments)
        if language is not None and not fits(language, len(forms)):
            hint = "words of other languages need a rule or a text that asks for `customer.language`"
            message = f"`plural` is given {len(forms)} words, {said_of(language)}, and it is the shop's language"
            raise SourceInvalid(node.lineno, message, hint)
        run = term.run

        def form(scope: Scope) -> Any:
            value = run(scope)
            if isinstance(value, Missing):
                return value
            context = scope.context
            of_customer = () if language is not None else (context.customer.language,)
            return _form(str(value), forms, (*of_customer, context.shop.language))

        return Term(TEXT, form, node)

    return compile_plural


@lru_cache(maxsize=4096)  # Babel takes 8 us; by the number's text, as 1 and 1.0 may have different forms
def _form(number: str, forms: tuple[str, ...], languages: tuple[str | None, ...]) -> str:
    return plural_form(Decimal(number), forms, languages)


def _shorten(term: Term, arguments: Sequence[Term], node: nodes.Filter) -> Term:
    """At most that many characters, cut at a word, with an ellipsis for what is gone."""
    count_arguments(node, arguments, (1,), "cart.lines[0].name | shorten(30)")
    _needs(term, node, Kind.TEXT)
    most = literal_number(arguments[0], node, 5, 500)
    run = term.run

    def shorter(scope: Scope) -> Any:
        value = run(scope)
        return value if isinstance(value, Missing) else shortened(value, most)

    return Term(TEXT, shorter, node, name=term.name)


@lru_cache(maxsize=4096)  # the names of goods come again: 0.06 us instead of 0.9
def shortened(text: str, most: int) -> str:
    """The ellipsis is three dots where the text is GSM-7 (the one character would make it UCS-2), and counts."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    ellipsis = "..." if sms.encoding(text) == "gsm-7" else "…"
    room = most - len(ellipsis)
    cut = text.rfind(" ", 0, room + 1)
    if cut <= 0:  # one long word: cut it, but between two letters as people see them
        cut = room
        while cut > 1 and not may_cut(text, cut):
            cut -= 1
    return text[:cut].rstrip(" ,.;:-–—(") + ellipsis


def _cased(change: Callable[[str], str]) -> CompileFilter:
    def compile_cased(term: Term, arguments: Sequence[Term], node: nodes.Filter) -> Term:
        count_arguments(node, arguments, (0,), f"customer.first_name | {node.name}")
        _needs(term, node, Kind.TEXT)
        run = term.run

        def changed(scope: Scope) -> Any:
            value = run(scope)
            return value if isinstance(value, Missing) else change(value)

        return Term(TEXT, changed, node, name=term.name)

    return compile_cased


def _needs(term: Term, node: nodes.Filter, *kinds: Kind) -> None:
    if term.type.kind not in kinds:
        raise term.refused(f"`{node.name}` needs {kinds[0].value}, `{term.source}` is {term.type}")


FILTERS: Final[dict[str, CompileFilter]] = {
    **SHARED,
    "money": _money,
    "date": _date,
    "plural": _plural(None),
    "shorten": _shorten,
    "upper": _cased(str.upper),
    "lower": _cased(str.lower),
    "capitalize": _cased(str.capitalize),
}
"""All that may stand after a `|` in a template. `upper`, `lower` and `capitalize` are Jinja2's, as is `default`."""


def filters_in(language: str | None) -> dict[str, CompileFilter]:
    """Those of a text that is in that language; None: in the customer's, or any."""
    return FILTERS if language is None else {**FILTERS, "plural": _plural(language)}

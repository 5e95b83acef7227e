"""Texts that have to fit: what is given up, in which order, and what never is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.triggers.shoppers import Feed, context, line, product
from triggers.context import Context
from triggers.messages.refused import MessageRefused
from triggers.messages.sms import measure
from triggers.messages.template import Message, TemplateInvalid, compile_template
from triggers.messages.writing import Writing

KETTLE = "Чайник электрический Bosch TWK3A011 серебристый, 1.7 литра, 2400 Вт"
FEED = Feed(
    product("kettle", name=KETTLE),
    product("toaster", name="Toaster of brushed steel with two long slots and a rack for rolls"),
    product("mug", name="Mug"),
    product("free", name="Чаша", price=None),
    product("out", available=False),
)
TO_THE_KETTLE = "{{ cart.lines[0].name }} ждёт: {{ cart.lines[0].url }}"


def cart_of(*ids: str, **given: Any) -> Context:
    return context(*(line(name, at=-place) for place, name in enumerate(ids)), feed=FEED, **given)


def fit(source: str, given: Context | None = None, *, ending: str = "", **writing: Any) -> Message:
    how = Writing(**{"max_segments": 1, **writing})
    return compile_template(source).render(given or cart_of("kettle", "toaster"), how, ending)


def given_up(message: Message) -> tuple[int, tuple[int, ...]]:
    return message.dropped, message.shortened


def test_a_text_that_fits_is_left_as_it_is() -> None:
    source = "{{ cart.lines[0].name }}{% optional %} и {{ cart.lines[1].name }}{% endoptional %}"
    assert fit(source, cart_of("mug", "free")) == Message("Mug и Чаша", "ucs-2", 10, 1, ("mug", "free"))
    assert fit(source, max_segments=3) == compile_template(source).render(cart_of("kettle", "toaster"))


def test_a_name_is_cut_at_a_word_and_the_dots_are_one_sign_where_the_text_is_ucs_2_anyway() -> None:
    message = fit(TO_THE_KETTLE)
    assert message.text == "Чайник электрический Bosch TWK3A011… ждёт: https://shop.example/kettle"
    assert (message.units, message.segments, given_up(message)) == (70, 1, (0, (35,)))
    message = fit("!" + TO_THE_KETTLE)
    assert message.text == "!Чайник электрический Bosch… ждёт: https://shop.example/kettle"
    assert (message.segments, given_up(message)) == (1, (0, (26,)))


def test_the_dots_are_three_where_the_text_is_gsm_7() -> None:
    message = fit("y" * 120 + " {{ cart.lines[1].name }}")
    assert message.text == "y" * 120 + " Toaster of brushed steel with two..."
    assert (message.encoding, message.units, given_up(message)) == ("gsm-7", 157, (0, (33,)))


def test_a_cut_that_leaves_the_dear_letters_out_is_found() -> None:
    """With all of it the text is UCS-2; without its end it is GSM-7."""
    feed = Feed(product("a", name="Steel kettle with a lid of glass — новинка"))
    source = "Still in your cart since yesterday, and it is on sale today only: {{ cart.lines[0].name }}"
    message = fit(source, context(line("a"), feed=feed))
    assert message.text.endswith("only: Steel kettle with a lid of glass...")
    assert (message.encoding, message.segments) == ("gsm-7", 1)


def test_optional_parts_go_from_the_last_to_the_first_and_only_as_many_as_must() -> None:
    parts = ["{% optional %} " + letter * 30 + "{% endoptional %}" for letter in "ёжз"]
    assert fit("Ваш чайник." + "".join(parts)).text == "Ваш чайник. " + "ё" * 30
    assert fit("Ваш чайник." + "".join(parts), max_segments=2).text == f"Ваш чайник. {'ё' * 30} {'ж' * 30} {'з' * 30}"


def test_what_is_named_first_is_given_up_first_and_of_the_other_as_little_as_can_be() -> None:
    source = (
        TO_THE_KETTLE + "{% optional %}, и {{ cart.lines[1].name }}{% endoptional %}{% optional %}!!!{% endoptional %}"
    )
    names_last = fit(source, max_segments=2, sacrifice=("drop_optional", "shorten_names"))
    assert given_up(names_last) == (2, ())
    names_first = fit(source, max_segments=2, sacrifice=("shorten_names", "drop_optional"))
    assert given_up(names_first) == (0, (47, 44))
    assert names_first.text.endswith("!!!")


def test_a_name_is_not_cut_for_a_part_that_is_dropped_all_the_same() -> None:
    """Even the shortest names leave no room for the part; without it they have room to spare."""
    source = "{{ cart.lines[0].name }}{% optional %} " + "ж" * 60 + "{% endoptional %}"
    message = fit(source, sacrifice=("shorten_names", "drop_optional"))
    assert (message.text, given_up(message)) == (KETTLE, (1, ()))


def test_of_several_names_the_longest_gives_way_first() -> None:
    message = fit("{{ cart.lines[0].name }}, {{ cart.lines[1].name }}", cart_of("kettle", "mug"))
    assert message.text == "Чайник электрический Bosch TWK3A011 серебристый, 1.7 литра…, Mug"


@pytest.mark.parametrize("sacrifice", [(), ("drop_optional",), ("shorten_names",)])
def test_what_is_not_to_be_given_up_is_not(sacrifice: tuple[str, ...]) -> None:
    source = "{{ cart.lines[0].name }} " + "ж" * 40 + "{% optional %} " + "з" * 25 + "{% endoptional %}"
    with pytest.raises(MessageRefused) as refused:
        fit(source, sacrifice=sacrifice)
    assert refused.value.reason == "too-many-segments"


def test_a_refusal_says_what_the_text_came_to_when_all_was_given_up() -> None:
    with pytest.raises(MessageRefused) as refused:
        fit(TO_THE_KETTLE + "ж" * 60 + "{% optional %}з{% endoptional %}")
    assert (refused.value.reason, refused.value.detail) == ("too-many-segments", "")
    left = refused.value.left
    assert left is not None and left.text.endswith("ж" * 60)
    assert (str(left.units), str(left.segments)) == (dict(refused.value.numbers)["units"], "2")
    assert left.dropped == 1
    assert dict(refused.value.numbers) == {"encoding": "ucs-2", "units": "115", "segments": "2", "max_segments": "1"}


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("One two six electrical", "One two six…"),  # 10 characters at least
        ("Электрический", "Электрический"),
        ("Электрокотёл 2", "Электрокотёл 2"),  # with dots it would be longer
        ("Ведро 10 литров", "Ведро 10 литров"),
        ("Кружка за 1 990 рублей", "Кружка за 1 990…"),
        ('Набор "Кухня", (синий)', 'Набор "Кухня"…'),
    ],
)
def test_of_a_name_whole_words_are_left_and_no_less_than_ten_characters(name: str, left: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        fit("ж" * 60 + " {{ cart.lines[0].name }}", context(line("a"), feed=Feed(product("a", name=name))))
    assert dict(refused.value.numbers)["units"] == str(61 + len(left))


def test_a_name_without_blanks_is_cut_between_two_letters() -> None:
    name = "\u0e01\u0e32\u0e15\u0e49\u0e21\u0e19\u0e49\u0e33" * 10
    message = fit("ж {{ cart.lines[0].name }}", context(line("a"), feed=Feed(product("a", name=name))))
    assert message.segments == 1 and message.units > 65
    left = message.text.removeprefix("ж ").removesuffix("…")
    assert name.startswith(left)
    assert name[len(left)] not in "\u0e49\u0e33"


@pytest.mark.parametrize(
    "filters", ["", " | upper", " | shorten(60)", ' | default("Ваш товар")', " | lower | capitalize"]
)
def test_a_name_may_be_shortened_under_a_filter_too(filters: str) -> None:
    message = fit(TO_THE_KETTLE.replace(".name", ".name" + filters))
    assert (message.segments, given_up(message)) == (1, (0, (35,)))


@pytest.mark.parametrize(
    ("source", "may"),
    [
        ("{% set n = cart.lines[0].name %}{{ n }}", True),
        ("{% for x in cart.lines[:1] %}{{ x.name }}{% endfor %}", True),
        ("{{ cart.lines[0].name if cart.count > 0 else cart.lines[1].name }}", True),
        ("{% if cart.count > 0 %}{% set n = cart.lines[0].name %}{% else %}{% set n = 'x' %}{% endif %}{{ n }}", False),
        ("{{ cart.lines[0].name if cart.count > 0 else 'x' }}", False),
        ("{{ cart.lines[0].name | default(customer.first_name) }}", False),
        ("{{ '' ~ cart.lines[0].name }}", False),
    ],
)
def test_what_may_be_something_else_than_the_name_of_a_product_is_not_shortened(source: str, may: bool) -> None:
    try:
        made = given_up(fit(source + " ж" * 20))
    except MessageRefused:
        assert not may
    else:
        assert may and made[1]


def test_a_part_without_a_value_is_left_out_and_nothing_of_it_stays() -> None:
    source = (
        "{{ cart.lines[0].name }}{% optional %} за {{ cart.lines[1].name }} {{ cart.lines[1].price | money }}"
        "{% endoptional %}!{% optional %} {{ customer.first_name }}{% endoptional %}"
    )
    for writing in (Writing(), Writing(max_segments=2)):
        message = compile_template(source).render(cart_of("mug", "free"), writing)
        assert (message.text, message.products) == ("Mug!", ("mug",))
        message = compile_template(source).render(cart_of("mug"), writing)
        assert (message.text, message.products) == ("Mug!", ("mug",))


def test_the_name_behind_a_part_that_is_left_out_is_the_one_that_is_shortened() -> None:
    source = (
        "{% optional %}{{ cart.lines[1].name }}{% if true %}{{ customer.first_name }}{% endif %}{% endoptional %}"
        "{{ 'Words that are no name, but longer. ' ~ 'Words that are no name, but longer. ' }}{{ cart.lines[0].name }}"
    )
    message = fit(source, max_segments=2)
    name = "Чайник электрический Bosch TWK3A011 серебристый, 1.7 литра…"
    assert message.text == "Words that are no name, but longer. " * 2 + name


def test_what_comes_after_a_part_that_is_left_out_in_a_loop_is_as_ever() -> None:
    source = (
        "{% for x in cart.lines %}{% optional %}{% for y in cart.lines %}{{ y.price | money }}{% endfor %}"
        "{% endoptional %}{{ loop.index }}{% endfor %}"
    )
    assert compile_template(source).render(cart_of("mug", "free")).text == "12"


def test_a_product_that_must_not_be_missing_refuses_the_message_in_an_optional_part_too() -> None:
    with pytest.raises(MessageRefused, match="product-out-of-stock: out"):
        fit("x{% optional %}{{ cart.lines[0].name }}{% endoptional %}", cart_of("out", missing_product="refuse"))


def test_products_are_those_that_the_text_still_shows_in_the_order_of_showing() -> None:
    long = " " + "ж" * 60
    source = (
        "{% optional %}{{ cart.lines[1].name }} {% endoptional %}{{ cart.lines[0].name }}"
        "{% optional %} {{ cart.lines[2].name }} {{ cart.lines[0].url }}" + long + "{% endoptional %}"
        "{% optional %} {{ cart.lines[3].name }}{% endoptional %} {{ cart.lines[1].url | length }}"
    )
    given = cart_of("mug", "free", "kettle", "toaster")
    assert compile_template(source).render(given).products == ("free", "mug", "kettle", "toaster")
    message = fit(source, given)
    assert (message.text, message.dropped, message.products) == ("Чаша Mug 25", 2, ("free", "mug"))


def test_a_part_of_blanks_alone_is_none_but_what_it_looked_at_counts_as_shown() -> None:
    blank = "{% optional %}{% if cart.lines[0].price > 5 %} {% endif %}{% endoptional %}"
    message = fit(blank + "x{% optional %}y{% endoptional %}" + "ж" * 69, cart_of("mug"))
    assert message == Message("x" + "ж" * 69, "ucs-2", 70, 1, ("mug",), 1)


def test_the_first_part_stays_where_nothing_else_would_be_left() -> None:
    source = "{% optional %}" + "ж" * 50 + "{% endoptional %} {% optional %}" + "з" * 50 + "{% endoptional %}"
    assert fit(source).text == "ж" * 50
    with pytest.raises(MessageRefused, match="too-many-segments"):
        fit(source.replace("ж", "жж"))


def test_the_words_about_opting_out_count() -> None:
    message = fit("{{ cart.lines[0].name }}", ending="СТОП - отписка")
    assert message.text == "Чайник электрический Bosch TWK3A011 серебристый, 1.7… СТОП - отписка"
    assert measure(message.text).segments == 1


def test_the_text_is_measured_as_it_is_written() -> None:
    source = TO_THE_KETTLE + "{% optional %} за {{ cart.lines[0].price | money }}{% endoptional %}"
    latin = fit(source, transliterate="mosmetro", smart_encoding=True)
    assert (latin.encoding, latin.segments, given_up(latin)) == ("gsm-7", 1, (0, ()))
    assert given_up(fit(source))[0] == 1


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        ("{% optional %}x{% optional %}y{% endoptional %}{% endoptional %}", (1, 19), "within one another"),
        ("{% optional %}{% if true %}{% optional %}y{% endoptional %}{% endif %}{% endoptional %}", (1, 31), "within"),
        ("x\n{% optional 2 %}y{% endoptional %}", (2, 13), "unexpected `2`"),
        ("{% optional %}x", (1, 4), "`{% optional %}` is never closed"),
        ("x{% endoptional %}", (1, 5), "`endoptional` without an `optional` before it"),
        ("{% set a = 'x' %}{% optional %}{% set a = 'y' %}{% endoptional %}{{ a }}", (1, 39), "can't change `a`"),
        ("{% optional %}{% set a = 'y' %}{% endoptional %}{{ a }}", (1, 52), "unknown name `a`"),
        ("{% optional %}{{ cart.totl }}{% endoptional %}", (1, 18), "unknown name `cart.totl`"),
    ],
)  # fmt: skip
def test_an_optional_part_that_can_not_be_is_refused_with_its_place(
    source: str, place: tuple[int, int], message: str
) -> None:
    with pytest.raises(TemplateInvalid) as error:
        compile_template(source)
    assert message in error.value.message
    assert (error.value.line, error.value.column) == place

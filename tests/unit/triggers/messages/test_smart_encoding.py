"""Signs that make a text UCS-2 for nothing."""

from __future__ import annotations

import unicodedata

import pytest

from triggers.messages import smart_encoding
from triggers.messages.smart_encoding import smart
from triggers.messages.sms import DEFAULT_ALPHABET, EXTENSION, encoding, measure


def cheap(text: str) -> str:
    return "".join(smart([text]))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“Tea” ‘n’ «coffee» „hot‟ 5′ 6″ `so´", "\"Tea\" 'n' \"coffee\" \"hot\" 5' 6\" 'so'"),
        ("10–20 – now — well ‐ ‑ −5", "10-20 - now - well - - -5"),
        ("wait—what", "wait - what"),
        ("5—6", "5-6"),
        ("1\u202f990\u00a0RUB\u2009and\u3000more", "1 990 RUB and more"),
        ("one\u2028two", "one\ntwo"),
        ("Soon…", "Soon..."),
        ("• tea\n• coffee 2×3", "- tea\n- coffee 2x3"),
        ("Brand™ and Maker® ©", "Brand(TM) and Maker(R) (C)"),
        ("№ 5 ‼", "No 5 !!"),
        ("5 ₽, 5₽, ₹500, 1₽/kg", "5 RUB, 5 RUB, INR 500, 1 RUB/kg"),
        ("½ kg, 1½ kg", "1/2 kg, 1 1/2 kg"),
        ("Ｓａｌｅ　５０％！", "Sale 50%!"),
        ("𝐒𝐚𝐥𝐞 𝟓𝟎 𝓗𝓲 𝛥", "Sale 50 Hi Δ"),
        ("ﬁne oﬀer Ⅳ ĳs", "fine offer IV ijs"),
        ("cafe\u0301 \u212bngstro\u0308m", "café Ångström"),
        ("so\u00adft ze\u200bro\ufeff \u200eltr wo\u200drd", "soft zero ltr word"),
    ],
)
def test_a_sign_is_written_as_gsm_7_has_it(text: str, plain: str) -> None:
    assert encoding(text) == "ucs-2"
    assert cheap(text) == plain
    assert encoding(plain) == "gsm-7"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Sаlе: TЕА аnd соffее", "Sale: TEA and coffee"),  # Cyrillic а, е, Е, А, с, о
        ("iPhone ХS", "iPhone XS"),
        ("ΣΗΜΕΡΑ ΚΑΦΕΣ", "ΣHMEPA KAΦEΣ"),  # as GSM-7 means Greek capitals to be written
        ("Ηello", "Hello"),
    ],
)
def test_a_letter_that_only_looks_latin_becomes_latin(text: str, plain: str) -> None:
    assert cheap(text) == plain
    assert encoding(plain) == "gsm-7"


@pytest.mark.parametrize("text", ["НЕТ", "СССР", "оса", "ОРЕХ 5", "Sale НОТКА", "A НЕТ 4 ОСА"])
def test_cyrillic_words_stay_cyrillic_though_each_of_their_letters_looks_latin(text: str) -> None:
    assert cheap(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "«Ваш чайник» — ждёт… 5 ₽", "“Sale” 🎉", "𝐒𝐚𝐥𝐞 в Москве", "“Καλημέρα” — 5 €", "“שלום”", "façade — “ok”",
        "10² “m”",
    ],
)
def test_what_stays_ucs_2_anyway_keeps_every_character(text: str) -> None:
    assert cheap(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("чай\u00adник\u200b \ufeffждёт", "чайник ждёт"),
        ("е\u0308лка и\u0306од", "ёлка йод"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f чай", "👨\u200d👩\u200d👧 ❤\ufe0f чай"),  # joined and coloured as it was
        ("\u200fשלום\u200e abc", "\u200fשלום\u200e abc"),  # the marks of direction do their work
        ("می\u200cخواهم", "می\u200cخواهم"),  # so does the joiner that is none
    ],
)
def test_of_what_stays_ucs_2_only_what_nobody_sees_goes(text: str, clean: str) -> None:
    assert cheap(text) == clean


def test_composition_that_would_lengthen_a_text_is_left_out() -> None:
    text = "\u0958" * 70  # a letter that NFC takes apart
    assert len(unicodedata.normalize("NFC", text)) == 140
    assert cheap(text) == text


def test_what_would_need_more_segments_stays_as_it_is() -> None:
    text = "…" * 70
    assert cheap(text) == text
    assert measure(text).segments == 1 < measure("..." * 70).segments
    assert cheap("…" * 50) == "..." * 50


def test_a_text_of_gsm_7_stays_as_it_is() -> None:
    text = DEFAULT_ALPHABET + EXTENSION
    assert cheap(text) == text


def test_a_link_stays_and_counts() -> None:
    assert smart(["“a” ", "https://tea.example/“", " “b”"]) == ["“a” ", "https://tea.example/“", " “b”"]
    assert smart(["“a” ", "https://tea.example/", " “b”"]) == ['"a" ', "https://tea.example/", ' "b"']


def test_every_sign_of_the_tables_is_beyond_gsm_7_and_its_stand_in_is_not() -> None:
    tables = (
        smart_encoding.QUOTES, smart_encoding.DASHES, smart_encoding.BLANKS, smart_encoding.SIGNS,
        smart_encoding.STYLED, smart_encoding.CYRILLIC_TWINS, smart_encoding.GREEK_TWINS,
        {ord(one): word for one, word in (smart_encoding.MONEY | smart_encoding.FRACTIONS).items()},
    )  # fmt: skip
    for table in tables:
        for code, plain in table.items():
            assert encoding(chr(code)) == "ucs-2", hex(code)
            assert plain and encoding(plain) == "gsm-7", hex(code)
    assert all(encoding(chr(code)) == "ucs-2" for code in (*smart_encoding.UNSEEN, *smart_encoding.JOINERS))


def test_twins_are_of_the_alphabet_and_the_case_that_their_names_say() -> None:
    for table, alphabet in ((smart_encoding.CYRILLIC_TWINS, "CYRILLIC"), (smart_encoding.GREEK_TWINS, "GREEK")):
        for code, latin in table.items():
            assert unicodedata.name(chr(code)).startswith(alphabet)
            assert latin.isascii() and latin.isalpha()
            assert latin.isupper() == chr(code).isupper()

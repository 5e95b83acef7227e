"""However a word is written, it means the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from triggers.inbound import LANGUAGES, Help, OptOut, Start, classify
from triggers.inbound.look_alikes import LOOK_LIKE

_WORDS = [
    (said, meaning)
    for language in LANGUAGES.values()
    for meaning, words in (
        (OptOut, (*language.stop, *language.alone)), (Help, language.help), (Start, language.start)
    )
    for said in words
]  # fmt: skip
_INVISIBLE = ("", "", "", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\u0301", "\ufe0f")
_NOISE = st.text("!?.,;:-_*#()[]\"' \t\n\u00a0…—«»“”•", max_size=3)
_LOOKS = dict(LOOK_LIKE.items())
_WIDE = {chr(code): chr(code + 0xFEE0) for code in range(ord("a"), ord("z") + 1)}


@st.composite
def disguised(draw: st.DrawFn, said: str, apart: bool) -> str:
    """The word in other letters of the same look, in any case, with noise around (`apart`: and inside)."""
    made = [draw(_NOISE)]
    for letter in said:
        options = [letter, letter.lower(), letter.upper(), *_LOOKS.get(letter.lower(), ())]
        if letter.lower() in _WIDE:
            options.append(_WIDE[letter.lower()])
        made.append(draw(st.sampled_from(options)) + draw(st.sampled_from(_INVISIBLE)))
        if apart:
            made.append(draw(_NOISE))
    return "".join([*made, draw(_NOISE)])


@settings(max_examples=500, deadline=None)
@given(st.data(), st.sampled_from(_WORDS), st.booleans())
def test_case_punctuation_spaces_and_look_alikes_never_change_what_a_word_means(
    data: st.DataObject, word: tuple[str, type], apart: bool
) -> None:
    said, meaning = word
    text = data.draw(disguised(said, apart))
    assert isinstance(classify(text, LANGUAGES, {}), meaning), text


@given(st.text(max_size=200))
def test_any_text_means_something_or_nothing_and_the_same_in_capitals_of_our_alphabets(text: str) -> None:
    assert classify(text, LANGUAGES, {"win": ("WIN",)}) is not None


@given(st.text("abcdefghijklmnopqrstuvwxyzабвгдежзийклмнопрстуфхцчшщъыьэюя '?!.,", max_size=80))
def test_capitals_mean_what_small_letters_mean(text: str) -> None:
    assert classify(text, LANGUAGES, {}) == classify(text.upper(), LANGUAGES, {})


@given(st.data(), st.sampled_from([said for said, meaning in _WORDS if meaning is OptOut]))
def test_a_courtesy_behind_an_opt_out_changes_nothing(data: st.DataObject, said: str) -> None:
    language = data.draw(st.sampled_from(list(LANGUAGES.values())))
    courtesy = data.draw(st.sampled_from(language.courtesies))
    assert isinstance(classify(f"{said} {courtesy}", LANGUAGES, {}), OptOut)

"""Mutations by seed: the same number gives the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, Protocol, TypeVar

Text = TypeVar("Text", bytes, str)

MOST: Final = 8
"""Mutations of one text."""


def mutated(corpus: Sequence[Text], tokens: Sequence[Text], seed: str) -> Text:
    """One text of the corpus, changed one to MOST times: cut, repeated, moved, overwritten, spliced with another."""
    random = Random(seed)
    text = random.choice(corpus)
    for _ in range(random.randint(1, MOST)):
        text = random.choice(_MUTATIONS)(text, random, corpus, tokens)
    return text


class _Mutation(Protocol):
    """Of bytes and of text alike."""

    def __call__(self, text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text], /) -> Text: ...


def _place(text: Text, random: Random) -> int:
    return random.randint(0, len(text))


def _part(text: Text, random: Random) -> tuple[int, int]:
    """A part of it, short as a rule."""
    begin = _place(text, random)
    return begin, min(len(text), begin + random.choice((1, 2, 4, 16, 64, 1024)))


def _insert(text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text]) -> Text:
    at = _place(text, random)
    return text[:at] + random.choice(tokens) + text[at:]


def _replace(text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text]) -> Text:
    begin, end = _part(text, random)
    return text[:begin] + random.choice(tokens) + text[end:]


def _delete(text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text]) -> Text:
    begin, end = _part(text, random)
    return text[:begin] + text[end:]


def _cut(text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text]) -> Text:
    return text[: _place(text, random)]


def _repeat(text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text]) -> Text:
    begin, end = _part(text, random)
    return text[:end] + text[begin:end] * random.choice((1, 2, 20)) + text[end:]


def _move(text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text]) -> Text:
    begin, end = _part(text, random)
    part, rest = text[begin:end], text[:begin] + text[end:]
    at = _place(rest, random)
    return rest[:at] + part + rest[at:]


def _splice(text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text]) -> Text:
    other = random.choice(corpus)
    return text[: _place(text, random)] + other[_place(other, random) :]


def _flip(text: Text, random: Random, corpus: Sequence[Text], tokens: Sequence[Text]) -> Text:
    at = _place(text, random)
    if isinstance(text, bytes):
        return text[:at] + bytes((random.randrange(256),)) + text[at + 1 :]
    return text[:at] + chr(random.choice((random.randrange(128), random.randrange(0x3000)))) + text[at + 1 :]


_MUTATIONS: Final[tuple[_Mutation, ...]] = (
    _insert, _insert, _replace, _delete, _cut, _repeat, _move, _splice, _flip, _flip,
)  # fmt: skip

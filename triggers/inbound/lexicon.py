"""The words of several languages, folded and put together, so that a text is looked at once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

from triggers.inbound.folding import Words, words
from triggers.inbound.languages import LANGUAGES, Language
from triggers.messages.transliteration import SCHEMES, transliterated

GAP: Final = 3
"""So many words may lie between the two parts of a refusal, or before what is not to be sent any more."""


class Phrases:
    """A set of words and phrases, found in a clause by their first word."""

    def __init__(self, said: Iterable[str]) -> None:
        self._by_first: dict[str, list[Words]] = {}
        for phrase in dict.fromkeys(map(words, said)):
            if phrase:
                self._by_first.setdefault(phrase[0], []).append(phrase)

    def at(self, clause: Words, place: int) -> Iterator[int]:
        """Where each phrase that begins at this place ends."""
        for phrase in self._by_first.get(clause[place], ()):
            end = place + len(phrase)
            if clause[place:end] == phrase:
                yield end

    def spans(self, clause: Words) -> Iterator[tuple[int, int]]:
        by_first = self._by_first
        for place, first in enumerate(clause):
            if first in by_first:
                for end in self.at(clause, place):
                    yield place, end

    def within(self, clause: Words) -> bool:
        return next(self.spans(clause), None) is not None


@dataclass(frozen=True, slots=True)
class Refusals:
    """Two parts of which the second follows the first."""

    starts: Phrases
    rest: Phrases
    but: Phrases

    def within(self, clause: Words, stop: Phrases) -> bool:
        """Whether a clause refuses. Not where a word that stops lies in between: `don't stop writing`."""
        started = list(self.starts.spans(clause))
        if not started:
            return False
        excused = {end for _, end in self.but.spans(clause)}
        stops = {begin for begin, _ in stop.spans(clause)}
        for _, end in started:
            if end in excused:
                continue
            for place in range(end, min(end + GAP + 1, len(clause))):
                if place in stops:
                    break
                if next(self.rest.at(clause, place), None) is not None:
                    return True
        return False


class Lexicon:
    """What `classify` looks things up in."""

    def __init__(self, languages: tuple[Language, ...]) -> None:
        def all_of(name: str) -> Iterable[str]:
            return chain.from_iterable(getattr(language, name) for language in languages)

        self.stop = Phrases(all_of("stop"))
        self.alone = Phrases(chain(all_of("alone"), all_of("stop")))
        self.phrases = Phrases(all_of("phrases"))
        self.objects = Phrases(all_of("objects"))
        self.others = Phrases(all_of("others"))
        self.courtesies = _folded(all_of("courtesies"))
        self.nots = _folded(all_of("nots"))
        self.soft_nots = self.nots | _folded(all_of("soft_nots"))
        self.between = _folded(all_of("between"))
        self.refusals = tuple(
            Refusals(Phrases(refusal.starts), Phrases(refusal.rest), Phrases(refusal.but))
            for language in languages
            for refusal in language.refusals
        )
        self.help = _whole((language.code, language.help) for language in languages)
        self.start = _whole((language.code, language.start) for language in languages)
        out = [(language.code, (*language.stop, *language.alone)) for language in languages]
        self.out = _whole([*out, *((language.code, _in_latin(language.stop)) for language in languages)])

    def without_courtesies(self, said: Words) -> Words:
        return tuple(word for word in said if word not in self.courtesies)


def whole(said: Words) -> str:
    """Words as one, by which all that was said is looked up: `opt out`, `optout` and `o-p-t o.u.t` are one."""
    return words("".join(said))[0] if said else ""


def _folded(said: Iterable[str]) -> frozenset[str]:
    return frozenset(word for one in said for word in words(one))


def _in_latin(said: Iterable[str]) -> tuple[str, ...]:
    """As a transliterated text (`triggers.messages.writing`) may have asked for them."""
    return tuple(transliterated(word, scheme) for word in said if not word.isascii() for scheme in SCHEMES)


def _whole(said: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """The language of each word, of those that share it the first."""
    found: dict[str, str] = {}
    for code, phrases in said:
        for phrase in phrases:
            found.setdefault(whole(words(phrase)), code)
    return found


@lru_cache(maxsize=64)
def lexicon(codes: tuple[str, ...]) -> Lexicon:
    """Of these languages (ISO 639-1), which LANGUAGES knows. KeyError for others."""
    return Lexicon(tuple(LANGUAGES[code] for code in codes))

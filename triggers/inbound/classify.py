"""What a received SMS means.

Judged in this order:
1. all of it, spaces and punctuation apart, is a word that opts out, asks for help, or starts again;
2. it opts out in a sentence: a word that stops, unless negated (`don't stop`) or part of something else (`bus stop`);
   a weaker one (`cancel`, `end`) with nothing but courtesies, or with what is not to be sent (`cancel the texts`); a
   refusal (`don't text me`, `no more messages`); a phrase (`leave me alone`);
3. it asks for help or starts again, courtesies apart;
4. it is a keyword of the shop's, or begins with one.

What could be an opt-out and something else is an opt-out: 47 CFR 64.1200(a)(10) asks what a reasonable person would
understand, and of the two mistakes this is the one that a START mends. To start again takes a clear word alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from triggers.inbound.folding import Words, fold, words
from triggers.inbound.languages import ALWAYS
from triggers.inbound.lexicon import GAP, Lexicon, lexicon, whole


@dataclass(frozen=True, slots=True)
class OptOut:
    """No more messages. `language`: of the word, where it was one alone."""

    language: str | None = None


@dataclass(frozen=True, slots=True)
class Help:
    language: str


@dataclass(frozen=True, slots=True)
class Start:
    language: str


@dataclass(frozen=True, slots=True)
class Keyword:
    """A shop's own word, by the name that the shop gave it."""

    name: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """None of these."""


Meaning = OptOut | Help | Start | Keyword | Nothing


def classify(text: str, languages: Iterable[str], keywords: Mapping[str, Iterable[str]]) -> Meaning:
    """`languages`: ISO 639-1 codes that LANGUAGES knows, the shop's own first; English is always among them.
    `keywords`: words by the name of the keyword."""
    known = lexicon(_codes(languages))
    clauses = fold(text)
    said = tuple(word for clause in clauses for word in clause)
    if not said:
        return Nothing()
    meaning = _alone(known, said)
    if meaning is not None:
        return meaning
    if _opts_out(known, said, clauses):
        return OptOut()
    bare = known.without_courtesies(said)
    if bare and bare != said:
        meaning = _alone(known, bare)
        if meaning is not None:
            return meaning
    return _keyword(said, keywords)


def clashes(said: str, languages: Iterable[str]) -> bool:
    """Whether a word can be no keyword: it already means something by itself, or is no word at all."""
    found = classify(said, languages, {})
    return not isinstance(found, Nothing) or not words(said)


def _codes(languages: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*languages, ALWAYS)))


def _alone(known: Lexicon, said: Words) -> Meaning | None:
    one = whole(said)
    if one in known.out:
        return OptOut(known.out[one])
    if one in known.help:
        return Help(known.help[one])
    if one in known.start:
        return Start(known.start[one])
    return None


def _keyword(said: Words, keywords: Mapping[str, Iterable[str]]) -> Keyword | Nothing:
    folded = {name: [words(one) for one in its] for name, its in keywords.items()}
    for name, its in folded.items():
        if any(one and whole(one) == whole(said) for one in its):
            return Keyword(name)
    for name, its in folded.items():
        if any(one and said[: len(one)] == one for one in its):
            return Keyword(name)
    return Nothing()


def _opts_out(known: Lexicon, said: Words, clauses: list[Words]) -> bool:
    return _nothing_else(known, said) or any(
        known.phrases.within(clause)
        or _stops(known, clause)
        or _ends(known, clause)
        or any(refusal.within(clause, known.stop) for refusal in known.refusals)
        for clause in clauses
    )


def _nothing_else(known: Lexicon, said: Words) -> bool:
    """Only words that opt out, with courtesies between them."""
    reached = {(0, False)}
    for place, one in enumerate(said):
        for found in (False, True):
            if (place, found) not in reached:
                continue
            reached |= {(end, True) for end in known.alone.at(said, place)}
            if one in known.courtesies:
                reached.add((place + 1, found))
    return (len(said), True) in reached


def _stops(known: Lexicon, clause: Words) -> bool:
    others = [range(*span) for span in known.others.spans(clause)]
    return any(
        not _negated(known, clause, begin, known.nots) and not any(begin in other for other in others)
        for begin, _ in known.stop.spans(clause)
    )


def _ends(known: Lexicon, clause: Words) -> bool:
    """A weaker word, and soon after it what is meant."""
    for begin, end in known.alone.spans(clause):
        if _negated(known, clause, begin, known.soft_nots) or any(
            begin in range(*other) for other in known.others.spans(clause)
        ):
            continue
        for place in range(end, min(end + GAP + 1, len(clause))):
            if next(known.objects.at(clause, place), None) is not None:
                return True
    return False


def _negated(known: Lexicon, clause: Words, place: int, nots: frozenset[str]) -> bool:
    for before in range(place - 1, max(place - 2 - GAP, -1), -1):
        if clause[before] in nots:
            return True
        if clause[before] not in known.between:
            return False
    return False

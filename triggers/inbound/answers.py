"""What HELP and START (and a shop's keyword) are answered with.

An answer is a transactional command to a phone that perhaps no customer has: `customer_id` is null, the rule `help`,
`start`, `stop` or `keyword`, and its id a hash of the inbound event's, so that the same SMS is answered once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.emitted import SendSms
from schemas.instants import rfc3339
from triggers.ids import identifier
from triggers.inbound.languages import ALWAYS, LANGUAGES
from triggers.messages.sms import measure

LATE: Final = 24 * 3_600_000_000
"""Microseconds after which an answer is of no use any more."""

STEP: Final = "1"


@dataclass(frozen=True, slots=True)
class ShopKeyword:
    """One keyword of a shop's. `survey`: what is written is the answer to this survey's question of the keyword's
    name. `answer`: what is written back."""

    name: str
    words: tuple[str, ...]
    survey: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenAnswers:
    """A shop's own texts. Nothing written: HELP and START are answered with the language's, STOP with nothing."""

    help: str | None = None
    start: str | None = None
    stop: str | None = None


NOTHING_WRITTEN: Final = WrittenAnswers()


@dataclass(frozen=True, slots=True)
class Answering:
    """How a shop understands and answers what comes in. `languages`: those enabled, its own first; empty: all."""

    languages: tuple[str, ...] = ()
    keywords: tuple[ShopKeyword, ...] = ()
    answers: WrittenAnswers = NOTHING_WRITTEN

    def understood(self, language: str) -> tuple[str, ...]:
        """The languages to look for, `language` (the shop's) first."""
        own = language.split("-")[0].lower()
        known = self.languages or tuple(LANGUAGES)
        return tuple(dict.fromkeys(code for code in (own, *known) if code in known or code == own in LANGUAGES))


ANSWERING: Final = Answering()
"""Of a shop that says nothing of it."""


def shipped(kind: str, language: str, shop_name: str) -> str:
    """The language's own answer to `help` or `start`."""
    said = LANGUAGES.get(language, LANGUAGES[ALWAYS])
    text = said.help_answer if kind == "help" else said.start_answer
    return text.replace("{shop}: ", f"{shop_name}: " if shop_name else "")


def command(
    kind: str, text: str, *, shop_id: str, sender: str | None, phone: str, event_id: str, at: int, step: str = STEP
) -> SendSms:
    """The answer to inbound event `event_id`, of an instant (microseconds). `phone` is E.164."""
    measured = measure(text)
    return SendSms(
        command_id=identifier("inbound", shop_id, event_id, kind, "SendSms"), shop_id=shop_id, customer_id=None,
        rule=kind, rule_version=identifier(kind, text)[:16], step=step, phone=phone, sender=sender, text=text,
        purpose="transactional", encoding=measured.encoding, units=measured.units, segments=measured.segments,
        due_at=rfc3339(at), not_before=rfc3339(at), not_after=rfc3339(at + LATE),
    )  # fmt: skip

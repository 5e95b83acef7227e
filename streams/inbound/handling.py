"""What an SMS that came in causes: suppressions, events of the customers who have the phone, answers.

Everything derives from the record and from the links as they are, ids included: whoever handles the same SMS again
writes the same.

| it means | suppression `opted_out` | ConsentChanged (sms, marketing; source `inbound-sms`) | answer |
|---|---|---|---|
| opt-out | written | `granted: false` | the shop's, if it has one |
| start | ended | `granted: true` | yes |
| help | | | yes |
| a keyword | | KeywordReceived, or SurveyAnswered | the shop's, if it has one, and the phone is not suppressed |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
import phonenumbers
from pydantic import SecretStr

from schemas.emitted import encode
from schemas.fields import MAX_TEXT
from schemas.inbound import SOURCE
from schemas.instants import rfc3339
from schemas.partitioner import customer_key, partition_of
from schemas.suppressions import OPTED_OUT
from schemas.topics import CUSTOMER_EVENTS, SMS_COMMANDS, SUPPRESSIONS
from schemas.wire import SmsReceived
from streams.delivery import Outgoing, Record
from streams.inbound.links import PhoneLinks
from streams.privacy import phone_hmac
from streams.suppressions.records import ending, record
from triggers.gates.suppression import Suppressions
from triggers.ids import identifier
from triggers.inbound import Help, Keyword, Nothing, OptOut, ShopKeyword, Start, classify
from triggers.inbound.answers import command, shipped
from triggers.phones import is_mobile
from triggers.rules.model import Shop

CHANNEL: Final = "sms"
PURPOSE: Final = "marketing"


class NoSuchPhone(ValueError):
    """What the SMS came from is no number that could be written to: a short code, a name."""


@dataclass(frozen=True, slots=True)
class Known:
    """What handling looks things up in. `shop`: the settings of a shop that are in force at an instant (microseconds);
    `partitions`: how many each topic has."""

    secret: SecretStr
    shop: Callable[[str, int], Shop]
    links: PhoneLinks
    suppressions: Suppressions
    partitions: Mapping[str, int]


class Stretch:
    """Some SMS that are handled together: `known`, with the suppressions that those before have caused. Nobody can read
    these before the stretch is committed, and after a STOP a keyword is not answered any more."""

    def __init__(self, known: Known) -> None:
        self.known = replace(known, suppressions=self)
        self._read = known.suppressions
        self._out: set[bytes | None] = set()

    def reason(self, shop_id: str, phone: str, at: int) -> str | None:
        """As `Suppressions` answers."""
        if self._out and ending(self.known.secret, shop_id, phone, OPTED_OUT).key in self._out:
            return OPTED_OUT
        return self._read.reason(shop_id, phone, at)

    def note(self, caused: Outgoing) -> None:
        """What one of them has caused."""
        for made in caused.published.get((SUPPRESSIONS.name, 0), ()):
            (self._out.discard if made.value is None else self._out.add)(made.key)


def handle(known: Known, event: SmsReceived, at: int, outgoing: Outgoing) -> str:
    """Put what an SMS of this instant (microseconds) causes into `outgoing`; answers what it was, as the metric has it.

    Raises NoSuchPhone."""
    return _Sms(known, event, at, outgoing).handle()


class _Sms:
    def __init__(self, known: Known, event: SmsReceived, at: int, outgoing: Outgoing) -> None:
        self._known = known
        self._event = event
        self._at = at
        self._outgoing = outgoing
        self._shop = known.shop(event.shop_id, at)
        self._phone = _number(event.phone, self._shop.default_region)

    def handle(self) -> str:
        shop, event = self._shop, self._event
        inbound = shop.inbound
        meaning = classify(
            event.text, inbound.understood(shop.language), {one.name: one.words for one in inbound.keywords}
        )
        match meaning:
            case OptOut():
                self._suppress(True)
                self._consent(granted=False)
                self._answer("stop", inbound.answers.stop)
                return "opt-out"
            case Start(language):
                self._suppress(False)
                self._consent(granted=True)
                self._answer("start", inbound.answers.start or shipped("start", language, shop.name))
                return "start"
            case Help(language):
                self._answer("help", inbound.answers.help or shipped("help", language, shop.name))
                return "help"
            case Keyword(name):
                self._keyword(next(one for one in inbound.keywords if one.name == name))
                return "keyword"
            case Nothing():
                return "nothing"

    def _suppress(self, out: bool) -> None:
        known, shop_id, phone = self._known, self._event.shop_id, self._phone
        made = (
            record(known.secret, shop_id, phone, OPTED_OUT, since=self._at, source=SOURCE)
            if out
            else ending(known.secret, shop_id, phone, OPTED_OUT)
        )
        self._outgoing.publish(SUPPRESSIONS.name, 0, made)

    def _consent(self, *, granted: bool) -> None:
        said = {"channel": CHANNEL, "purpose": PURPOSE, "granted": granted, "source": SOURCE}
        self._tell("ConsentChanged", said)

    def _keyword(self, keyword: ShopKeyword) -> None:
        text = self._event.text
        if keyword.survey is None:
            self._tell("KeywordReceived", {"keyword": keyword.name, "text": text})
        else:
            # A survey's answers are single lines of text.
            line = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_TEXT]
            self._tell("SurveyAnswered", {"survey_id": keyword.survey, "answers": {keyword.name: line}})
        if self._known.suppressions.reason(self._event.shop_id, self._phone, self._at) is None:
            self._answer("keyword", keyword.answer, step=keyword.name)

    def _tell(self, kind: str, said: Mapping[str, Any]) -> None:
        """An event of each customer who has the phone."""
        shop_id, partitions = self._event.shop_id, self._known.partitions[CUSTOMER_EVENTS.name]
        for customer in self._known.links.customers(shop_id, phone_hmac(self._known.secret, self._phone)):
            value = {
                "type": kind, "event_id": identifier("inbound", shop_id, self._event.event_id, customer, kind),
                "shop_id": shop_id, "customer_id": customer, "occurred_at": rfc3339(self._at), **said,
            }  # fmt: skip
            key = customer_key(shop_id, customer)
            made = Record(key, orjson.dumps(value))
            self._outgoing.publish(CUSTOMER_EVENTS.name, partition_of(key, partitions), made)

    def _answer(self, kind: str, text: str | None, step: str = "1") -> None:
        """Keyed by the phone: no customer is meant."""
        if text is None:
            return
        event = self._event
        made = command(
            kind, text, shop_id=event.shop_id, sender=self._shop.sender, phone=self._phone, event_id=event.event_id,
            at=self._at, step=step,
        )  # fmt: skip
        key = f"{event.shop_id}:{self._phone}".encode()
        partition = partition_of(key, self._known.partitions[SMS_COMMANDS.name])
        self._outgoing.publish(SMS_COMMANDS.name, partition, Record(key, encode(made)))


def _number(said: str, region: str | None) -> str:
    """The phone in E.164. Raises NoSuchPhone."""
    if is_mobile(said):
        return said
    try:
        number = phonenumbers.parse(said, region)
    except phonenumbers.NumberParseException:
        raise NoSuchPhone from None
    if not phonenumbers.is_possible_number(number):
        raise NoSuchPhone
    # Of whatever kind: who writes from it may be written to at it.
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

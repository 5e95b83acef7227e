"""What one SMS causes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from schemas.contracts import COMMANDS, CUSTOMER_EVENTS, read_event
from schemas.instants import rfc3339
from schemas.partitioner import customer_key, partition_of
from schemas.suppressions import Suppression
from schemas.wire import SmsReceived
from streams.delivery import Outgoing, Record
from streams.inbound.handling import Known, NoSuchPhone, handle
from streams.inbound.links import PhoneLinks
from streams.privacy import phone_hmac
from streams.suppressions.merged import SuppressionStore
from tests.unit.streams.suppressions.test_merged import ANNA, SECRET, columns, store, suppressed
from tests.unit.triggers.driving import MONDAY
from triggers.inbound import Answering, ShopKeyword, WrittenAnswers
from triggers.rules.model import Shop

PARTITIONS = {"customer-events": 4, "sms-commands": 4, "suppressions": 1}
CUSTOMER = b"customer-events"


def linked(*customers: str, phone: str = ANNA) -> PhoneLinks:
    links = PhoneLinks()
    if customers:
        links.take(columns([(f"main:{phone_hmac(SECRET, phone)}:{one}".encode(), b"{}") for one in customers]))
    return links


def known(links: PhoneLinks, shop: Shop | None = None, suppressions: SuppressionStore | None = None) -> Known:
    return Known(SECRET, lambda shop_id, at: shop or Shop(name="Tea house"), links, suppressions or store(), PARTITIONS)


def sms(text: str, phone: str = ANNA, event_id: str = "mo-1") -> SmsReceived:
    return SmsReceived(event_id=event_id, occurred_at=rfc3339(MONDAY), phone=phone, text=text, at=MONDAY)


def caused(by: Known, event: SmsReceived) -> tuple[str, Outgoing]:
    outgoing = Outgoing()
    return handle(by, event, MONDAY, outgoing), outgoing


def records(outgoing: Outgoing, topic: str) -> list[tuple[int, Record]]:
    return [(p, one) for (name, p), found in sorted(outgoing.published.items()) if name == topic for one in found]


def values(outgoing: Outgoing, topic: str) -> list[dict[str, Any]]:
    return [orjson.loads(one.value or b"null") for _, one in records(outgoing, topic)]


def test_an_opt_out_suppresses_the_phone_and_tells_every_customer_who_has_it() -> None:
    means, outgoing = caused(known(linked("42", "43")), sms("STOP"))
    assert means == "opt-out"
    [(partition, made)] = records(outgoing, "suppressions")
    assert (partition, made.key) == (0, f"main:{phone_hmac(SECRET, ANNA)}:opted_out".encode())
    said = read_event(made.value or b"", (Suppression,))
    assert isinstance(said, Suppression) and (said.source, said.until) == ("inbound-sms", None)
    told = records(outgoing, "customer-events")
    assert {one.key for _, one in told} == {b"main:42", b"main:43"}
    for partition, one in told:
        assert partition == partition_of(one.key or b"", 4)
        event: Any = read_event(one.value or b"", CUSTOMER_EVENTS)
        assert (event.type, event.granted, event.source) == ("ConsentChanged", False, "inbound-sms")
        assert (event.channel, event.purpose, event.occurred_at) == ("sms", "marketing", rfc3339(MONDAY))
    assert not records(outgoing, "sms-commands")


def test_the_same_sms_again_causes_the_same_records_and_another_one_other_ids() -> None:
    by = known(linked("42"))
    first, again, other = (caused(by, sms("START", event_id=one))[1] for one in ("mo-1", "mo-1", "mo-2"))
    assert first == again
    for topic, name in (("customer-events", "event_id"), ("sms-commands", "command_id")):
        assert values(first, topic)[0][name] != values(other, topic)[0][name]


def test_a_start_ends_the_suppression_grants_and_is_answered() -> None:
    means, outgoing = caused(known(linked("42")), sms("start"))
    assert means == "start"
    [(_, ended)] = records(outgoing, "suppressions")
    assert ended.value is None and (ended.key or b"").endswith(b":opted_out")
    assert [one["granted"] for one in values(outgoing, "customer-events")] == [True]
    [(partition, made)] = records(outgoing, "sms-commands")
    command: Any = read_event(made.value or b"", COMMANDS)
    assert (command.customer_id, command.rule, command.purpose, command.phone) == (None, "start", "transactional", ANNA)
    assert command.text.startswith("Tea house: you get our messages again")
    assert made.key == f"main:{ANNA}".encode() and partition == partition_of(made.key, 4)


def test_help_is_answered_in_its_language_and_changes_nothing() -> None:
    means, outgoing = caused(known(linked("42")), sms("Помощь!"))
    assert means == "help"
    assert {topic for topic, _ in outgoing.published} == {"sms-commands"}
    [command] = values(outgoing, "sms-commands")
    assert command["rule"] == "help" and "СТОП" in command["text"] and command["encoding"] == "ucs-2"


def test_a_shops_own_answers_are_given_also_to_a_stop() -> None:
    written = WrittenAnswers(help="Call us.", start="Welcome back.", stop="You are out.")
    by = known(linked(), Shop(inbound=Answering(answers=written)))
    for text, answer in (("help", "Call us."), ("start", "Welcome back."), ("stop", "You are out.")):
        assert [one["text"] for one in values(caused(by, sms(text))[1], "sms-commands")] == [answer]


def test_a_phone_of_nobody_is_suppressed_all_the_same() -> None:
    _, outgoing = caused(known(linked()), sms("STOP"))
    assert len(records(outgoing, "suppressions")) == 1
    assert not records(outgoing, "customer-events")


def test_a_phone_as_people_write_it_is_the_same_phone() -> None:
    by = known(linked("42"), Shop(default_region="RU"))
    _, outgoing = caused(by, sms("STOP", phone="8 (999) 000-00-42"))
    assert [one["customer_id"] for one in values(outgoing, "customer-events")] == ["42"]


def test_a_landline_that_writes_is_opted_out_too() -> None:
    _, outgoing = caused(known(linked()), sms("STOP", phone="+74951234567"))
    [(_, made)] = records(outgoing, "suppressions")
    assert phone_hmac(SECRET, "+74951234567").encode() in (made.key or b"")


@pytest.mark.parametrize("phone", ["4321", "BANK", "+7999"])
def test_what_is_no_number_can_be_nobodys(phone: str) -> None:
    with pytest.raises(NoSuchPhone):
        caused(known(linked()), sms("STOP", phone=phone))


KEYWORDS = Answering(
    keywords=(ShopKeyword("win", ("WIN",), answer="You take part"), ShopKeyword("score", ("SCORE",), survey="after"))
)


def test_a_keyword_is_an_event_of_every_customer_with_the_phone_and_answered_once() -> None:
    means, outgoing = caused(known(linked("42", "43"), Shop(inbound=KEYWORDS)), sms("win 7"))
    assert means == "keyword"
    told = values(outgoing, "customer-events")
    assert {(one["type"], one["keyword"], one["text"], one["customer_id"]) for one in told} == {
        ("KeywordReceived", "win", "win 7", "42"), ("KeywordReceived", "win", "win 7", "43")
    }  # fmt: skip
    [command] = values(outgoing, "sms-commands")
    assert (command["rule"], command["step"], command["text"]) == ("keyword", "win", "You take part")


def test_a_surveys_keyword_is_its_answer_in_one_line_however_it_came() -> None:
    text = "score\n9 \x00\u200e" + "x" * 500
    _, outgoing = caused(known(linked("42"), Shop(inbound=KEYWORDS)), sms(text))
    [(_, made)] = records(outgoing, "customer-events")
    event: Any = read_event(made.value or b"", CUSTOMER_EVENTS)
    assert event.survey_id == "after" and event.answers["score"].startswith("score 9")


def test_a_keyword_of_a_phone_that_is_out_is_not_answered() -> None:
    by = known(linked("42"), Shop(inbound=KEYWORDS), store(suppressed(ANNA)))
    _, outgoing = caused(by, sms("win"))
    assert records(outgoing, "customer-events") and not records(outgoing, "sms-commands")


def test_what_means_nothing_causes_nothing() -> None:
    assert caused(known(linked("42")), sms("When will my kettle come?")) == ("nothing", Outgoing())


def test_a_shop_without_settings_understands_all_languages() -> None:
    by = Known(SecretStr("x" * 32), lambda shop_id, at: Shop(id=shop_id), PhoneLinks(), store(), PARTITIONS)
    assert caused(by, sms("отписаться"))[0] == "opt-out"


def test_keys_are_the_customers_own() -> None:
    _, outgoing = caused(known(linked("a:b")), sms("STOP"))
    assert [one.key for _, one in records(outgoing, "customer-events")] == [customer_key("main", "a:b")]

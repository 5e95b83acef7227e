"""Who customers are, what they allow and what they answer: topic `customer-events`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from schemas.carts import Item
from schemas.fields import (
    MAX_DATES,
    MAX_IMPORTED_ITEMS,
    MAX_IMPORTED_ORDERS,
    MAX_LIST,
    MAX_MESSAGE,
    CommandId,
    Contract,
    CurrencyCode,
    CustomerEvent,
    CustomerId,
    Day,
    Id,
    Money,
    Name,
    OrderId,
    PhoneNumber,
    ProductId,
    Quantity,
    Text,
    Timestamp,
    Url,
    Word,
    example,
)


class Profile(CustomerEvent):
    """What is known of a person."""

    type: str
    phone: PhoneNumber | None = None
    email: Annotated[Text | None, Field(description="Mail address.", examples=["anna@example.com"])] = None
    first_name: Annotated[Text | None, Field(description="As it is to stand in messages.", examples=["Anna"])] = None
    last_name: Annotated[Text | None, Field(description="As it is to stand in messages.", examples=["Petrova"])] = None
    time_zone: Annotated[
        Text | None,
        Field(
            description="IANA zone, for quiet hours; where it is unknown, the phone tells.", examples=["Europe/Moscow"]
        ),
    ] = None
    language: Annotated[Text | None, Field(description="BCP 47.", examples=["ru"])] = None
    gender: Annotated[
        Text | None, Field(description="As the shop writes it, `f` and `m` for most.", examples=["f"])
    ] = None
    birthday: Annotated[Day | None, Field(description="Day of birth.", examples=["1990-02-28"])] = None
    city: Annotated[Text | None, Field(description="For conditions.", examples=["Kazan"])] = None
    region: Annotated[Text | None, Field(description="For conditions.", examples=["Tatarstan"])] = None
    card: Annotated[Text | None, Field(description="Loyalty card or tier.", examples=["VIP"])] = None
    registered_at: Annotated[
        Timestamp | None, Field(description="When the account was opened.", examples=["2025-03-01T12:00:00Z"])
    ] = None
    dates: Annotated[
        dict[Name, Day | None],
        Field(
            max_length=MAX_DATES,
            description="Other days to remember, by name; `null` deletes one. Those that are not named stay as they "
            "were.",
            examples=[{"anniversary": "2010-02-28"}],
        ),
    ] = {}


class CustomerUpdated(Profile):
    """The profile, or part of it. A field left out stays as it was; `null` deletes it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CustomerUpdated", event_id="9f0c2a4e-0009", shop_id="main", customer_id="42",
            occurred_at="2026-11-20T08:00:00Z", phone="+79990000042", first_name="Anna", time_zone="Europe/Moscow",
            language="ru", gender="f", city="Kazan", card="VIP", dates={"anniversary": "2010-02-28"},
        )
    )  # fmt: skip

    type: Literal["CustomerUpdated"]


class ConsentGiven(Contract):
    """What a customer said of one kind of message, and when."""

    model_config = ConfigDict(
        json_schema_extra=example(
            channel="sms", purpose="marketing", granted=True, occurred_at="2025-03-01T12:00:00Z", source="checkout"
        )
    )

    channel: Annotated[Word, Field(description="How one is written to.", examples=["sms"])]
    purpose: Annotated[Word, Field(description="What for.", examples=["marketing"])]
    granted: Annotated[bool, Field(description="true: allowed; false: forbidden.")]
    occurred_at: Annotated[Timestamp, Field(description="When it was said.", examples=["2025-03-01T12:00:00Z"])]
    source: Annotated[Text | None, Field(description="Where it was given; kept as proof.", examples=["checkout"])] = (
        None
    )


class OrderKept(Contract):
    """An order of the past, not cancelled."""

    model_config = ConfigDict(
        json_schema_extra=example(
            order_id="A-0", occurred_at="2026-03-01T12:00:00Z", total="1990.00", currency="RUB",
            items=[{"product_id": "sku-7", "quantity": 1, "price": "1990.00"}],
        )
    )  # fmt: skip

    order_id: OrderId
    occurred_at: Annotated[Timestamp, Field(description="When it was placed.", examples=["2026-03-01T12:00:00Z"])]
    items: Annotated[
        list[Item], Field(max_length=MAX_IMPORTED_ITEMS, description="What was bought, as far as that is known.")
    ] = []
    total: Annotated[Money | None, Field(description="What the order came to.", examples=["1990.00"])] = None
    currency: CurrencyCode | None = None


class OlderOrders(Contract):
    """What the orders before the ones named came to together."""

    model_config = ConfigDict(
        json_schema_extra=example(count=12, total="23880.00", currency="RUB", first_at="2024-01-10T12:00:00Z")
    )

    count: Annotated[Quantity, Field(description="How many, without the cancelled.", examples=[12])]
    total: Annotated[Money | None, Field(description="The sum of their totals.", examples=["23880.00"])] = None
    currency: CurrencyCode | None = None
    first_at: Annotated[Timestamp, Field(description="When the first of them was placed.")]


class CustomerImported(Profile):
    """Somebody whom the shop knew before Rewake did: what was known of them at `occurred_at`. It is history: nothing
    that fell due before `occurred_at` is sent. `rewake customers import` publishes it, once a customer."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CustomerImported", event_id="import-42", shop_id="main", customer_id="42",
            occurred_at="2026-11-20T00:00:00Z", phone="+79990000042", first_name="Anna",
            registered_at="2024-01-10T12:00:00Z",
            consents=[
                {
                    "channel": "sms", "purpose": "marketing", "granted": True, "occurred_at": "2024-01-10T12:00:00Z",
                    "source": "checkout",
                }
            ],
            orders=[
                {
                    "order_id": "A-0", "occurred_at": "2026-03-01T12:00:00Z", "total": "1990.00", "currency": "RUB",
                    "items": [{"product_id": "sku-7", "quantity": 1, "price": "1990.00"}],
                }
            ],
            older={"count": 12, "total": "23880.00", "currency": "RUB", "first_at": "2024-01-10T12:00:00Z"},
        )
    )  # fmt: skip

    type: Literal["CustomerImported"]
    consents: Annotated[list[ConsentGiven], Field(max_length=20, description="What was allowed and forbidden.")] = []
    orders: Annotated[
        list[OrderKept], Field(max_length=MAX_IMPORTED_ORDERS, description="The last orders, without the cancelled.")
    ] = []
    older: Annotated[OlderOrders | None, Field(description="The orders before these; left out, there are none.")] = None


class ConsentChanged(CustomerEvent):
    """The customer allowed or forbade a kind of message. Without a granted consent no marketing message is sent."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="ConsentChanged", event_id="9f0c2a4e-0010", shop_id="main", customer_id="42",
            occurred_at="2026-11-20T08:00:00Z", channel="sms", purpose="marketing", granted=True, source="checkout",
        )
    )  # fmt: skip

    type: Literal["ConsentChanged"]
    channel: Annotated[Word, Field(description="How one is written to.", examples=["sms"])]
    purpose: Annotated[Word, Field(description="What for.", examples=["marketing"])]
    granted: Annotated[bool, Field(description="true: allowed; false: forbidden, at once and for all that is planned.")]
    source: Annotated[Text | None, Field(description="Where it was given; kept as proof.", examples=["checkout"])] = (
        None
    )


class CustomerErased(CustomerEvent):
    """The customer asked to be forgotten. Everything known is dropped; older events that come later are dropped too."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CustomerErased", event_id="9f0c2a4e-0011", shop_id="main", customer_id="42",
            occurred_at="2026-12-01T00:00:00Z",
        )
    )  # fmt: skip

    type: Literal["CustomerErased"]


class CustomerMerged(CustomerEvent):
    """`customer_id` (the loser, also the record key) turned out to be `into`. Ends the loser's journeys."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CustomerMerged", event_id="9f0c2a4e-0012", shop_id="main", customer_id="visitor-1",
            occurred_at="2026-11-21T10:09:00Z", into="42",
        )
    )  # fmt: skip

    type: Literal["CustomerMerged"]
    into: Annotated[CustomerId, Field(description="The customer who stays.", examples=["42"])]


class WishlistChanged(CustomerEvent):
    """Products were put on the wish list or taken off it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="WishlistChanged", event_id="9f0c2a4e-0013", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T09:00:00Z", added=["sku-7"], removed=[],
        )
    )  # fmt: skip

    type: Literal["WishlistChanged"]
    added: Annotated[list[ProductId], Field(max_length=MAX_LIST, description="Product ids put on the list.")] = []
    removed: Annotated[list[ProductId], Field(max_length=MAX_LIST, description="Product ids taken off it.")] = []


class BonusBalanceChanged(CustomerEvent):
    """The customer's loyalty points as they now are."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="BonusBalanceChanged", event_id="9f0c2a4e-0014", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T09:00:00Z", balance="350", expires_at="2026-12-31T20:59:59Z",
        )
    )  # fmt: skip

    type: Literal["BonusBalanceChanged"]
    balance: Annotated[Money, Field(description="Points, as a decimal string.", examples=["350"])]
    expires_at: Annotated[
        Timestamp | None, Field(description="When the next of them lapse.", examples=["2026-12-31T20:59:59Z"])
    ] = None


Whole = Annotated[int, Field(ge=-(10**15), le=10**15)]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Answer = bool | Whole | Number | Text | Annotated[list[Text], Field(max_length=100)] | None


class SurveyAnswered(CustomerEvent):
    """The customer answered a survey."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="SurveyAnswered", event_id="9f0c2a4e-0015", shop_id="main", customer_id="42",
            occurred_at="2026-11-25T18:00:00Z", survey_id="after-sale",
            answers={"score": 9, "liked": ["price", "speed"]},
        )
    )  # fmt: skip

    type: Literal["SurveyAnswered"]
    survey_id: Annotated[Id, Field(description="Which survey.", examples=["after-sale"])]
    answers: Annotated[
        dict[Id, Answer],
        Field(max_length=100, description="Question to answer: a text, a number, true or false, or a list of texts."),
    ] = {}


class KeywordReceived(CustomerEvent):
    """The customer wrote one of the shop's keywords by SMS: for a contest, an offer, a vote."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="KeywordReceived", event_id="5f3b0d1c9a7e4b6288d1c0ffee42aa10", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T11:02:00Z", keyword="win", text="WIN 42",
        )
    )  # fmt: skip

    type: Literal["KeywordReceived"]
    keyword: Annotated[Id, Field(description="By the name that it has in shop.yaml.", examples=["win"])]
    text: Annotated[
        str,
        StringConstraints(strict=True, max_length=MAX_MESSAGE),
        Field(description="What was written, as it came; line breaks are allowed.", examples=["WIN 42"]),
    ]


class LinkClicked(CustomerEvent):
    """The customer followed a link out of a message."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="LinkClicked", event_id="9f0c2a4e-0016", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T12:00:00Z", command_id="5f3b0d1c9a7e4b6288d1c0ffee42aa10",
            url="https://shop.example/p/sku-7",
        )
    )  # fmt: skip

    type: Literal["LinkClicked"]
    command_id: Annotated[CommandId | None, Field(description="The SendSms whose link it was, if known.")] = None
    url: Annotated[Url | None, Field(description="Where it led.", examples=["https://shop.example/p/sku-7"])] = None


class TestRequested(CustomerEvent):
    """Send one step of a rule to this customer, who is somebody of the shop's own test list, at once. Consent and
    suppression hold; caps, quiet hours and conditions do not, and it counts nowhere. `rewake test` publishes it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="TestRequested", event_id="9f0c2a4e-0018", shop_id="main", customer_id="42",
            occurred_at="2026-12-05T09:00:00Z", rule="abandoned-cart", step="1",
        )
    )  # fmt: skip

    type: Literal["TestRequested"]
    rule: Annotated[Id, Field(description="The rule's name.", examples=["abandoned-cart"])]
    step: Annotated[Id | None, Field(description="The step's id; left out, the first.", examples=["1"])] = None

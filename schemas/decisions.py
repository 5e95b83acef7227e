"""Why something was sent or withheld: topic `decisions`. The engine writes them (`schemas.emitted`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from schemas.commands import COMMAND_ID, DueAt, Rule, RuleVersion, Step
from schemas.fields import CommandId, Contract, CustomerId, Id, Shop, Text, Timestamp, example


class Verdict(Contract):
    """One gate's answer."""

    model_config = ConfigDict(
        json_schema_extra=example(
            gate="cap", verdict="refuse", reason="full", numbers={"limit": "3", "window": "7d", "count": "3"}
        )
    )

    gate: Annotated[Text, Field(description="Which gate.", examples=["quiet-hours"])]
    verdict: Annotated[
        Literal["pass", "delay", "refuse", "not_asked"],
        Field(
            description="not_asked: an earlier refusal made the question needless, or a test message passes it by; "
            "what it would have said is among `numbers` then."
        ),
    ]
    reason: Annotated[Text, Field(description="A stable word from the gate's own page.", examples=["night"])]
    until: Annotated[Timestamp | None, Field(description="With delay: when the touch is judged again.")] = None
    numbers: Annotated[
        dict[Text, Annotated[str, Field(max_length=2000)]],
        Field(description="The figures behind it, as they are shown. Never a phone, never a text."),
    ] = {}


class Decision(Contract):
    """What became of one proposal at one judgement, and why. Holds no phone and no text: those lie in `sms-commands`,
    joined by `command_ids`. Fields without a value are left out."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="Decision", decision_id="c0de0d1c9a7e4b6288d1c0ffee42aa14", shop_id="main", customer_id="42",
            rule="abandoned-cart", rule_version="b1946ac92492d234", epoch="1795255200000000-9f0c2a4e-0003", step="1",
            outcome="emitted", due_at="2026-11-21T11:00:00Z", judged_at="2026-11-21T11:00:00Z",
            command_ids=[COMMAND_ID], verdicts=[{"gate": "consent", "verdict": "pass", "reason": "granted"}],
            products_hash="9a7e4b62", inputs={"cart.lines": "1"}, tzdata="2026.1",
        )
    )  # fmt: skip

    type: Literal["Decision"]
    decision_id: Annotated[Id, Field(description="The decision's identity: the same again after a replay.")]
    shop_id: Shop
    customer_id: CustomerId
    rule: Rule
    rule_version: RuleVersion
    epoch: Annotated[
        str,
        Field(
            strict=True, min_length=1, max_length=200,
            description="Which run through the rule: the starting event's time (microseconds) and id.",
        ),
    ]  # fmt: skip
    step: Step
    outcome: Annotated[
        Literal["emitted", "delayed", "refused", "skipped", "held_out"],
        Field(
            description="emitted: commands went out; delayed: judged again later; refused: the journey ended; skipped: "
            "this step alone was passed over; held_out: would have been sent, withheld to measure."
        ),
    ]
    due_at: DueAt
    judged_at: Annotated[
        Timestamp,
        Field(description="The instant it was judged for: due or the wake of a delay; on the wall clock the wall's."),
    ]
    wall_at: Annotated[Timestamp | None, Field(description="On the wall clock: when it was judged.")] = None
    command_ids: Annotated[list[CommandId], Field(description="The commands that went out.")] = []
    verdicts: Annotated[list[Verdict], Field(description="Every gate's answer, in the order they were asked.")] = []
    products_hash: Annotated[Text | None, Field(description="Hash of the products shown in the text.")] = None
    inputs: Annotated[
        dict[Text, Annotated[str, Field(max_length=2000)]],
        Field(
            description="The figures it rests on: how many cart lines, what a full row dropped, what was missing, what "
            "the text gave up to fit."
        ),
    ] = {}
    tzdata: Annotated[Text | None, Field(description="Version of the time zones used.", examples=["2026.1"])] = None
    policy: Annotated[
        Text | None,
        Field(
            description="The stated rule that stood in for a missing input: `zone:phone`, quiet hours went by the "
            "zones of the phone's country or area; `zone:shop`, by the shop's; `zone:utc`, by UTC."
        ),
    ] = None
    test: Annotated[
        bool, Field(description="true: of a message that `rewake test` asked for; counts in no report.")
    ] = False

"""Logs are structured, masked whatever way a record takes, and stay at their level."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from streams.logs import MaskPhones, set_up
from streams.settings import Settings

PHONE = "+79990000042"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    structlog.reset_defaults()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_structured_record_is_one_line_of_json(out: io.StringIO) -> None:
    set_up(Settings(log_format="json"), out)
    structlog.stdlib.get_logger("streams.worker").info("partition accepted", partition=3, rows=1200)
    (line,) = lines(out)
    assert {name: line[name] for name in ("event", "level", "logger", "partition", "rows")} == {
        "event": "partition accepted",
        "level": "info",
        "logger": "streams.worker",
        "partition": 3,
        "rows": 1200,
    }
    assert line["timestamp"].endswith("Z")


def test_no_phone_reaches_the_log_by_any_way(out: io.StringIO) -> None:
    set_up(Settings(log_format="json"), out)
    log = structlog.stdlib.get_logger("streams")
    log.info(f"to {PHONE}")
    log.info("positional %s", PHONE)
    log.info("field", phone=79990000042, to=PHONE, raw=PHONE.encode(), nested={"a": [{"b": PHONE}], PHONE: 1})
    log.info("short", phone="1234567")
    log.bind(customer=PHONE).warning("bound")
    with structlog.contextvars.bound_contextvars(request=f"/x?phone=%2B{PHONE[1:]}"):
        log.info("context")
    try:
        raise ValueError(f"bad phone {PHONE}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("elsewhere").exception("failed for %s", PHONE)
    logging.getLogger("elsewhere").warning("to %s", PHONE)
    logging.getLogger("elsewhere").warning("extra", extra={"msisdn": PHONE})
    said = out.getvalue()
    assert len(lines(out)) == 10
    assert "9990000042" not in said
    assert "1234567" not in said
    assert said.count("+7******0042") >= 9


def test_no_phone_reaches_the_console_either(out: io.StringIO) -> None:
    set_up(Settings(log_format="console"), out)
    try:
        raise ValueError(f"bad phone {PHONE}")
    except ValueError:
        structlog.stdlib.get_logger("streams").exception(f"to {PHONE}", to=PHONE)
    assert "9990000042" not in out.getvalue()
    assert "ValueError" in out.getvalue()


def test_numbers_that_are_no_phones_stay_as_they_are() -> None:
    event = {"event": "x", "offset": 12_345_678_901, "rows": 1_000_000, "seconds": 0.123, "on": True, "none": None}
    assert MaskPhones()(None, "info", dict(event)) == event


def test_records_below_the_level_are_dropped(out: io.StringIO) -> None:
    set_up(Settings(log_format="json", log_level="warning"), out)
    structlog.stdlib.get_logger("streams").info("quiet")
    logging.getLogger("elsewhere").info("quiet")
    structlog.stdlib.get_logger("streams").warning("loud")
    assert [line["event"] for line in lines(out)] == ["loud"]


def test_libraries_are_heard_from_warnings_on(out: io.StringIO) -> None:
    set_up(Settings(log_format="json"), out)
    for library in ("faust.worker", "mode.services", "aiokafka.conn"):
        logging.getLogger(library).info("chatter")
        logging.getLogger(library).warning("trouble")
    assert [line["event"] for line in lines(out)] == ["trouble"] * 3


def test_setting_up_twice_does_not_log_twice(out: io.StringIO) -> None:
    set_up(Settings(log_format="json"), out)
    set_up(Settings(log_format="json"), out)
    logging.getLogger("elsewhere").warning("once")
    assert len(lines(out)) == 1

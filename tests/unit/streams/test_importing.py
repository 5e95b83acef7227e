"""`rewake customers import`: a shop's tables become history, a CustomerImported each."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from schemas.instants import DAY, parse_rfc3339
from schemas.wire import CustomerImported, decode_one
from streams.commands import build_root

AT = "2026-11-21T10:00:00Z"
CUSTOMERS = """\
id,first_name,phone,registered_at,sms_marketing,sms_marketing_source,favourite colour
42,Anna,+79990000042,2025-03-01 12:00,yes,checkout,red
43,,,,no,,
"""
ORDERS = """\
customer_id,order_id,at,total,currency
42,A-1,2026-01-10T12:00:00Z,1990.00,RUB
42,A-2,2026-03-10T12:00:00+03:00,10.5,RUB
44,B-1,2026-02-01,5,RUB
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_root(), ["customers", "import", *arguments])


def written(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def imported(tmp_path: Path, *arguments: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """The events by customer. Each is one that the wire takes."""
    out = tmp_path / "history.jsonl"
    result = run(*arguments, "--at", AT, "--out", str(out))
    assert result.exit_code == code, result.output
    found = {}
    for line in out.read_bytes().splitlines():
        assert isinstance(decode_one(line), CustomerImported), decode_one(line)
        event = json.loads(line)
        assert event["customer_id"] not in found
        found[event["customer_id"]] = event
    return found


def test_customers_and_their_orders_become_an_event_each(tmp_path: Path) -> None:
    found = imported(
        tmp_path, written(tmp_path, "customers.csv", CUSTOMERS), "--orders", written(tmp_path, "o.csv", ORDERS)
    )
    assert set(found) == {"42", "43", "44"}
    anna = found["42"]
    assert anna.pop("event_id").startswith("import-")
    assert anna == {
        "type": "CustomerImported", "shop_id": "main", "customer_id": "42", "occurred_at": AT, "first_name": "Anna",
        "phone": "+79990000042", "registered_at": "2025-03-01T12:00:00Z",
        "consents": [{"channel": "sms", "purpose": "marketing", "granted": True, "source": "checkout",
                      "occurred_at": "2025-03-01T12:00:00Z"}],
        "orders": [
            {"order_id": "A-1", "occurred_at": "2026-01-10T12:00:00Z", "total": "1990", "currency": "RUB"},
            {"order_id": "A-2", "occurred_at": "2026-03-10T09:00:00Z", "total": "10.5", "currency": "RUB"},
        ],
    }  # fmt: skip
    assert found["43"]["consents"] == [
        {"channel": "sms", "purpose": "marketing", "granted": False, "occurred_at": AT}
    ]
    assert [order["order_id"] for order in found["44"]["orders"]] == ["B-1"]


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv", "t.jsonl", "t.ndjson.gz", "t.parquet"])
def test_a_table_may_be_of_any_format(tmp_path: Path, name: str) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 42, "card": "VIP", "birthday": "1990-02-28"}, {"id": 43, "card": None, "birthday": None}
    ]  # fmt: skip
    path = tmp_path / name
    if name.endswith("parquet"):
        duckdb.sql("copy (select 42::double as id, 'VIP' as card, date '1990-02-28' as birthday union all "
                   f"select 43, null, null order by 1) to '{path}'")  # fmt: skip
    else:
        mark = "\t" if ".tsv" in name else ";"
        text = "\n".join(json.dumps(row) for row in rows) + "\n"
        if "json" not in name:
            lines = (mark.join(str(cell or "") for cell in row.values()) for row in rows)
            text = "\n".join([mark.join(rows[0]), *lines])
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    found = imported(tmp_path, str(path))
    assert (found["42"]["card"], found["42"]["birthday"]) == ("VIP", "1990-02-28")
    assert "card" not in found["43"] and "birthday" not in found["43"]


def test_lines_of_goods_make_an_order_of_what_they_add_up_to(tmp_path: Path) -> None:
    orders = written(tmp_path, "o.csv", """\
customer_id,order_id,at,product_id,quantity,price
42,A-1,2026-01-10 12:01,tea,2,10.10
42,A-1,2026-01-10 12:00,pot,1,5
42,A-1,2026-01-10 12:00,tea,1,10.10
42,A-2,2026-01-11 12:00,tea,1,
""")  # fmt: skip
    first, second = imported(tmp_path, "--orders", orders)["42"]["orders"]
    assert first == {
        "order_id": "A-1", "occurred_at": "2026-01-10T12:00:00Z", "total": "35.3",
        "items": [{"product_id": "tea", "quantity": 3, "price": "10.1"},
                  {"product_id": "pot", "quantity": 1, "price": "5"}],
    }  # fmt: skip
    assert second["items"] == [{"product_id": "tea", "quantity": 1}]
    assert "total" not in second


def test_orders_before_the_last_fifty_are_told_by_what_they_came_to(tmp_path: Path) -> None:
    lines = [f"42,A-{day},2026-{1 + day // 28:02}-{1 + day % 28:02},1.5,RUB" for day in range(60)]
    orders = written(tmp_path, "o.csv", "\n".join(["customer_id,order_id,at,total,currency", *lines]))
    event = imported(tmp_path, "--orders", orders)["42"]
    assert [order["order_id"] for order in event["orders"]] == [f"A-{day}" for day in range(10, 60)]
    assert event["older"] == {"count": 10, "total": "15", "currency": "RUB", "first_at": "2026-01-01T00:00:00Z"}


def test_older_orders_in_two_currencies_have_no_sum(tmp_path: Path) -> None:
    lines = [f"42,A-{day},2026-{1 + day // 28:02}-{1 + day % 28:02},1,{'EUR' if day else 'RUB'}" for day in range(52)]
    orders = written(tmp_path, "o.csv", "\n".join(["customer_id,order_id,at,total,currency", *lines]))
    assert imported(tmp_path, "--orders", orders)["42"]["older"] == {"count": 2, "first_at": "2026-01-01T00:00:00Z"}


def test_what_was_cancelled_or_is_later_is_no_order_of_before(tmp_path: Path) -> None:
    orders = written(tmp_path, "o.csv", """\
customer_id,order_id,at,cancelled
42,A-1,2026-01-10,no
42,A-2,2026-01-11,true
42,A-3,2026-11-22,
""")
    assert [order["order_id"] for order in imported(tmp_path, "--orders", orders)["42"]["orders"]] == ["A-1"]


def test_a_huge_order_history_fits_into_an_event_for_its_oldest_orders_say_no_goods(tmp_path: Path) -> None:
    lines = [
        f"42,A-{order},2026-01-{1 + order % 28:02} 00:{order:02},{'p' * 110}-{order}-{item},1,5"
        for order in range(50) for item in range(60)
    ]  # fmt: skip
    orders = written(tmp_path, "o.csv", "\n".join(["customer_id,order_id,at,product_id,quantity,price", *lines]))
    event = imported(tmp_path, "--orders", orders)["42"]
    told = ["items" in order for order in event["orders"]]
    assert len(told) == 50 and told == sorted(told) and 0 < sum(told) < 50
    assert {order["total"] for order in event["orders"]} == {"300"}


def test_columns_of_other_names_are_mapped_and_times_without_an_offset_are_of_the_zone(tmp_path: Path) -> None:
    customers = written(tmp_path, "c.csv", "Client No;Name;Wedding;OK?\n42;Anna;2010-02-28;да\n")
    orders = written(tmp_path, "o.csv", "Client No;Order;Date;Sum\n42;A-1;2026-01-10 12:00;1990,50\n")
    event = imported(
        tmp_path, customers, "--orders", orders, "--time-zone", "Europe/Moscow", "--shop", "tea",
        "--map", "id=Client No", "--map", "first_name=Name", "--map", "dates.wedding=Wedding",
        "--map", "sms_marketing=OK?", "--map", "orders.customer_id=Client No", "--map", "orders.order_id=Order",
        "--map", "orders.at=Date", "--map", "orders.total=Sum",
    )["42"]  # fmt: skip
    assert (event["shop_id"], event["first_name"], event["dates"]) == ("tea", "Anna", {"wedding": "2010-02-28"})
    assert event["orders"] == [{"order_id": "A-1", "occurred_at": "2026-01-10T09:00:00Z", "total": "1990.5"}]
    assert event["consents"][0]["occurred_at"] == "2026-01-10T09:00:00Z"  # the first that is known of the customer


def test_an_import_is_the_same_event_when_it_is_done_again(tmp_path: Path) -> None:
    customers = written(tmp_path, "c.csv", CUSTOMERS)
    first = imported(tmp_path, customers)
    assert imported(tmp_path, customers) == first
    assert imported(tmp_path, customers, "--shop", "tea")["42"]["event_id"] != first["42"]["event_id"]


def test_a_base_that_is_read_as_of_now_is_known_now(tmp_path: Path) -> None:
    out = tmp_path / "history.jsonl"
    assert run(written(tmp_path, "c.csv", CUSTOMERS), "--out", str(out)).exit_code == 0
    now = parse_rfc3339(json.loads(out.read_text().splitlines()[0])["occurred_at"])
    assert now > parse_rfc3339("2026-01-01T00:00:00Z") - 400 * DAY


def test_bad_lines_are_told_and_the_others_imported(tmp_path: Path) -> None:
    customers = written(tmp_path, "c.csv", """\
id,birthday,sms_marketing,registered_at
42,,,
,1990-01-01,,
43,soon,,
44,,perhaps,
45,,,yesterday
42,,,
46,1990-02-30,,
47,,,,,,
""")
    orders = written(tmp_path, "o.csv", """\
customer_id,order_id,at,total,quantity,currency
42,A-1,2026-01-10,-5,,
42,A-2,,,,
42,,2026-01-10,,,
,A-4,2026-01-10,,,
42,A-5,2026-01-10,5,0,
42,A-6,2026-01-10,5,1,roubles
42,A-7,2026-01-10,5,1,RUB
""")
    result = run(customers, "--orders", orders, "--at", AT, "--out", str(tmp_path / "h.jsonl"))
    assert result.exit_code == 1
    said = result.stderr.replace(f"{customers}:", "c:").replace(f"{orders}:", "o:").splitlines()
    assert said == [
        "c:3: there is no `id`",
        "c:4: `birthday` is no day: write it like 1990-02-28",
        "c:5: `sms_marketing` is neither yes nor no",
        "c:6: `registered_at` is no time: write it like 2026-11-21T10:00:00Z or 2026-11-21 10:00",
        "c:7: a second line of one customer",
        "c:8: `birthday` is no day: write it like 1990-02-28",
        "c:9: 7 cells, and the head has 4",
        "o:2: `total` is no amount of money, nothing or more",
        "o:3: there is no `at`",
        "o:4: there is no `order_id`",
        "o:5: there is no `customer_id`",
        "o:6: `quantity` is no whole number of 1 to 1,000,000",
        "o:7: `currency` is no currency of three capital letters",
    ]
    assert "1 customer with 1 order" in result.stdout and "13 lines left out" in result.stdout
    assert len((tmp_path / "h.jsonl").read_text().splitlines()) == 1


def test_lines_that_are_no_json_objects_are_told(tmp_path: Path) -> None:
    customers = written(tmp_path, "c.jsonl", '{"id": "42"}\n5\n{"id": \n\n{"id": "43", "card": {"a": 1}}\n')
    result = run(customers, "--dry-run", "--json")
    assert result.exit_code == 1
    assert [line.split(": ", 1)[1] for line in result.stderr.splitlines()] == [
        "the line is no JSON object", "the line is no JSON", "`card` is no text"
    ]
    assert json.loads(result.stdout)["customers"] == 1


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "history.jsonl"
    result = run(written(tmp_path, "c.csv", CUSTOMERS), "--out", str(out), "--dry-run", "--json")
    assert (result.exit_code, out.exists()) == (0, False)
    assert json.loads(result.stdout)["written"] is False


def test_events_can_go_to_standard_output_with_nothing_else_there(tmp_path: Path) -> None:
    result = run(written(tmp_path, "c.csv", CUSTOMERS), "--out", "-", "--at", AT)
    assert [json.loads(line)["customer_id"] for line in result.stdout.splitlines()] == ["42", "43"]


@pytest.mark.parametrize(
    ("name", "text", "more", "said"),
    [
        ("c.xlsx", "", (), "what it holds is told by its name"),
        ("c.csv", "", (), "there is no head"),
        ("c.parquet", "no parquet", (), "is no Parquet file that can be read"),
        ("c.csv", "id\n42\n", ("--map", "id=Id"), "has no column 'Id' for `id`"),
        ("c.csv", "id\n42\n", ("--map", "idd=Id"), "names are: id"),
        ("c.csv", "id\n42\n", ("--map", "orders.id=Id"), "names are: customer_id"),
        ("c.csv", "id\n42\n", ("--at", "now"), "is no time"),
        ("c.csv", "id\n42\n", ("--time-zone", "Moscow"), "is no time zone"),
        ("c.csv", "id\n42\n", ("--shop", "a b"), "is no shop"),
        ("c.csv", "id\n42\n", ("--orders", "nowhere.csv"), "nowhere.csv: No such file"),
    ],
)  # fmt: skip
def test_what_was_used_wrongly_ends_the_command(
    tmp_path: Path, name: str, text: str, more: tuple[str, ...], said: str
) -> None:
    result = run(written(tmp_path, name, text), "--dry-run", *more)
    assert result.exit_code == 2, result.output
    assert said in result.stderr


def test_a_file_that_is_not_utf_8_is_refused_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes("id,first_name\n42,Анна\n".encode("cp1251"))
    result = run(str(tmp_path / "c.csv"), "--dry-run")
    assert (result.exit_code, "not UTF-8" in result.stderr) == (2, True)


def test_without_a_table_or_a_place_for_the_events_nothing_is_done(tmp_path: Path) -> None:
    assert run("--dry-run").exit_code == 2
    assert run(written(tmp_path, "c.csv", CUSTOMERS)).exit_code == 2

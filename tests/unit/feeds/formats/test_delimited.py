"""Tables of products as text: Google Merchant TSV and Facebook catalogue CSV."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from feeds.problems import Limits, NoIdColumn, RecordTooLarge, UnknownFormat
from tests.unit.feeds.reading import Read, read_all

HEADER = "id,title,price,availability,link,note"


def table(*rows: str, header: str = HEADER) -> bytes:
    """The header on line 1, each row on a line of its own."""
    return ("\n".join((header, *rows)) + "\n").encode()


def row(number: int, title: str = "Tea") -> str:
    return f"{number},{title},5.00 EUR,in stock,https://x.example/{number},"


def told(done: Read) -> list[tuple[int, str | None, str]]:
    return [(found.line, found.product_id, found.reason) for found in done.rejected]


def test_the_real_facebook_catalogue_gives_its_known_result(shared_data: Path) -> None:
    done = read_all((shared_data / "feeds" / "facebook" / "catalog_80.csv").read_bytes())
    assert (done.feed.format, len(done.products), done.rejected, done.repaired) == ("delimited", 80, [], [])
    first = done.products[0]
    assert (first.name, first.price, first.currency, first.stock) == ("100 Euro", Decimal("100.00"), "EUR", 99)
    assert first.category_path == ("Food, Beverages & Tobacco", "Beverages", "Alcoholic Beverages", "Wine")
    assert first.params == (("size", "0.1L"), ("gender", "unisex"), ("age_group", "adult"))
    assert done.products[-1].url and done.products[-1].picture


def test_the_real_google_table_gives_its_known_result(shared_data: Path) -> None:
    done = read_all((shared_data / "feeds" / "google" / "tsv_263.tsv").read_bytes())
    assert (done.ids, done.rejected, done.repaired) == ([f"EMIRATES-PERFUME-{n}" for n in (1, 2, 3)], [], [])
    first = done.products[0]
    assert (first.price, first.old_price, first.currency) == (Decimal(252), Decimal(352), "AED")
    assert first.name == "عطر كوكو شانيل 100 مل"
    assert (first.group_id, first.category_path) == ("perfume-group-1", ("عطور فاخرة", "عطور أصلية"))
    assert first.labels == ("عطور", "Emirates Gifts", "UAE Only", "Luxury Perfume", "Original")


@pytest.mark.parametrize("mark", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_mark_between_cells_and_the_line_breaks_are_found(mark: str, end: str) -> None:
    text = f"id{mark}Image Link{mark}g:title{end}1{mark}https://x.example/i{mark}Tea{end}"
    (product,) = read_all(text.encode()).products
    assert (product.product_id, product.name, product.picture) == ("1", "Tea", "https://x.example/i")


@pytest.mark.parametrize(
    "start", ["sep=;\r\nid;title;price\r\n", '"sep=;"\n"id";"title";"price"\n', '\n\n"id";"title";price\n']
)
def test_excel_s_line_before_the_names_and_quoted_names_are_read(start: str) -> None:
    done = read_all(f"{start}1;Tea;5 EUR\n".encode())
    (product,) = done.products
    assert (product.name, product.price, product.currency) == ("Tea", Decimal(5), "EUR")
    assert done.rejected == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_marked_and_wide_encodings_are_read(encoding: str) -> None:
    done = read_all(table(row(1, "Чай пуэр"), row(2, "ü")).decode().encode(encoding))
    assert [product.name for product in done.products] == ["Чай пуэр", "ü"]
    assert done.repaired == []


@pytest.mark.parametrize(
    ("encoding", "names"),
    [("windows-1251", ["Чай зелёный", "Мята сушёная", "Tea"]), ("windows-1252", ["Grüner Tee", "Café crème", "Tea"])],
)
def test_a_table_in_an_old_encoding_is_read_as_what_it_looks_like_and_reported_once(
    encoding: str, names: list[str]
) -> None:
    done = read_all(table(*(row(number, name) for number, name in enumerate(names))).decode().encode(encoding))
    assert [product.name for product in done.products] == names
    assert [(found.line, found.reason) for found in done.repaired] == [(2, "guessed-encoding")]
    assert encoding in done.repaired[0].detail


def test_what_looks_like_neither_old_encoding_is_rejected_by_line() -> None:
    done = read_all(table(row(1, "@@"), row(2)).replace(b"@@", "τσάι του βουνού".encode("cp1253")))
    assert done.ids == ["2"]
    assert told(done) == [(2, None, "bad-encoding")]
    assert not done.feed.complete


def test_a_row_in_another_encoding_than_the_others_is_rejected() -> None:
    data = table(row(1, "Чай"), row(2, "@@"), row(3, '"two\n@@ lines"'), row(4))
    done = read_all(data.replace(b"@@", "Чай".encode("cp1251")))
    assert done.ids == ["1", "4"]
    assert told(done) == [(3, None, "bad-encoding"), (4, "3", "bad-encoding")]


def test_quoted_cells_hold_marks_quotes_and_line_breaks_and_the_lines_after_are_still_right() -> None:
    done = read_all(table(row(1, '"Tea, ""green""\r\nand black"'), row(2), "", row(2)))
    assert [product.name for product in done.products] == ['Tea, "green" and black', "Tea"]
    assert [(found.line, found.reason) for found in done.rejected] == [(6, "duplicate-id")]
    assert done.repaired == []


@pytest.mark.parametrize("title", ['24" monitor', 'monitor 24"', '"Sencha" tea', '"Sencha', "'Sencha'", 'a "b" c'])
def test_quotes_that_part_no_cells_stand_for_themselves(title: str) -> None:
    for rows in ([row(1, title), row(2)], [row(1, title), row(2, title), row(3)]):
        done = read_all(table(*rows))
        assert [product.name for product in done.products] == [title] * (len(rows) - 1) + ["Tea"]
        assert done.rejected == []


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    done = read_all(table(row(1), '2,"Tea, green,5.00 EUR,in stock,https://x.example/,', row(3), row(4, '"a ""b"""')))
    assert done.ids == ["1", "3", "4"]
    assert told(done) == [(3, "2", "bad-quotes")]
    assert done.feed.complete


def test_rows_with_another_number_of_cells_are_rejected_and_empty_cells_at_the_end_are_not_counted() -> None:
    done = read_all(table(row(1), "2,Tea", row(3) + "x,y", row(4) + ",,", row(5)))
    assert done.ids == ["1", "4", "5"]
    assert told(done) == [(3, "2", "wrong-cells"), (4, "3", "wrong-cells")]
    assert "7 cells where the first line names 6" in done.rejected[1].detail
    assert done.feed.complete


def test_where_the_id_is_not_in_the_first_column_a_bad_row_may_be_any_product() -> None:
    done = read_all(b"title,id\nTea,1\nTea,green,2\n")
    assert told(done) == [(3, None, "wrong-cells")]
    assert not done.feed.complete


def test_of_columns_with_one_name_the_first_counts_and_it_is_reported() -> None:
    done = read_all(b"id,title,title,note,note\n1,first,second,,\n")
    assert done.products[0].name == "first"
    assert [(found.line, found.reason) for found in done.repaired] == [(1, "duplicate-column")]
    assert "title names the columns 2 and 3" in done.repaired[0].detail


@pytest.mark.parametrize(
    ("header", "hint"),
    [("sku,title,price", "if the products' ids stand in 'sku', name it 'id'"), ("title,price", "add one with their")],
)
def test_a_table_without_ids_is_refused_with_a_hint(header: str, hint: str) -> None:
    with pytest.raises(NoIdColumn, match="no column is named 'id'") as refused:
        read_all(table("1,2,3", header=header))
    assert hint in refused.value.detail


def test_a_table_of_something_else_is_no_feed() -> None:
    with pytest.raises(UnknownFormat):
        read_all(b"order,customer,total\n1,2,3\n")


def test_a_record_without_an_id_is_rejected() -> None:
    assert told(read_all(table(" ,Tea,5,in stock,,"))) == [(2, None, "no-id")]


@pytest.mark.parametrize(
    ("end", "reason"), [("2,Te", "cut-off"), ('2,"Tea, gr', "cut-off"), ('2,"Tea, green"', "cut-off"), ("2", "cut-off")]
)
def test_a_table_that_is_cut_off_keeps_what_came_before(end: str, reason: str) -> None:
    done = read_all(table(row(1)) + end.encode())
    assert done.ids == ["1"]
    assert [found.reason for found in done.rejected] == [reason]
    assert not done.feed.complete


def test_the_last_cell_of_a_table_without_a_line_break_at_the_end_may_be_cut_so_it_is_left_out() -> None:
    done = read_all(b"id,title,price\n1,Tea,129.00 EUR\n2,Tea,12")
    assert [(product.product_id, product.price) for product in done.products] == [("1", Decimal("129.00")), ("2", None)]
    assert done.repairs == [("2", "unended-line")]
    assert read_all(b"title,id\nTea,1").reasons == [(None, "no-id")]


def test_the_header_alone_is_no_product_and_a_cut_one_says_so() -> None:
    assert read_all(table()).products == []
    assert read_all(table()).feed.complete
    done = read_all(HEADER.encode())
    assert [found.reason for found in done.rejected] == ["cut-off"]
    assert not done.feed.complete


def test_details_and_stock_of_both_dialects_are_read() -> None:
    data = (
        b"id\ttitle\tproduct_detail\tquantity_to_sell_on_facebook\timage[0].url\tfb_product_category\n"
        b"1\tTea\tGeneral:Weight:100 g,General:Country:China\t7\thttps://x.example/i\tFood > Tea\n"
    )
    (product,) = read_all(data).products
    assert product.params == (("Weight", "100 g"), ("Country", "China"))
    assert (product.stock, product.picture) == (7, "https://x.example/i")
    assert product.category_path == ("Food", "Tea")


def test_a_line_larger_than_a_record_may_be_is_refused() -> None:
    with pytest.raises(RecordTooLarge, match="line 3"):
        read_all(table(row(1), row(2, "x" * 600_000)), Limits(record_bytes=200_000))


def test_a_quoted_cell_of_more_than_csv_allows_is_rejected_alone() -> None:
    done = read_all(table(row(1), row(2, '"' + "x\n" * 70_000 + '"'), row(3)))
    assert done.ids == ["1", "3"]
    assert done.rejected[0].reason == "bad-quotes"
    assert done.feed.complete is False  # each of its lines is a bad row of its own


def test_the_lines_of_a_cell_that_is_never_closed_are_read_again_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.formats.delimited._READ_AGAIN", 50)
    broken = '2,"Tea, green,5,in stock,,'
    done = read_all(table(row(1), broken, row(3), row(4), broken, row(6)))
    assert done.ids == ["1", "6"]
    assert told(done) == [(3, None, "bad-quotes")]
    assert "3 lines after it are lost" in done.rejected[0].detail
    assert not done.feed.complete

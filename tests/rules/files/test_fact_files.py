"""CSV files of the user's own numbers, as people make them."""

from __future__ import annotations

import codecs

import numpy as np
import pytest

from watcher.errors import RulesError
from watcher.rules.files.fact_files import FactFile, name_of, read_facts
from watcher.units import Unit

A, B = "1729873073559015752", "1729900000000000001"


def facts(text: str | bytes) -> FactFile:
    """The file of a text."""
    return read_facts(text.encode() if isinstance(text, str) else text, "products.csv")


def values(found: FactFile, name: str, *ids: str) -> list[float | str | None]:
    """A column's values of some products."""
    column = next(each for each in found.table.columns() if each.name == name)
    if name in found.table.texts:
        return [*column.texts(ids)]
    return [None if np.isnan(each) else each for each in column.numbers(ids).tolist()]


def doubts(text: str | bytes) -> list[str]:
    """What is odd about it."""
    return [str(each) for each in facts(text).doubts]


def refused(text: str | bytes) -> str:
    """What it is refused for."""
    with pytest.raises(RulesError) as caught:
        facts(text)
    return str(caught.value)


def test_numbers_and_texts_by_product() -> None:
    """An empty cell, and a product without a row, have no value; a column without a number is
    text, one without anything numbers that are not there yet."""
    found = facts(f"product_id,target,note,later\n{A},19.90,my best,\n{B},,,\n")
    assert values(found, "target", A, B, "5") == [19.9, None, None]
    assert values(found, "note", A, B, "5") == ["my best", None, None]
    assert values(found, "later", A) == [None]
    assert found.doubts == ()


PLAIN = f"product_id,target,note\n{A},19.90,caf\u00e9\n{B},5,\u65b0\u54c1\n"
FORMS = {
    "UTF-8": PLAIN.encode(),
    "UTF-8 with its mark": codecs.BOM_UTF8 + PLAIN.encode(),
    "UTF-16 of Excel": codecs.BOM_UTF16_LE + PLAIN.replace(",", "\t").encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
    "UTF-16 without its mark": PLAIN.encode("utf-16-le"),
    "lines of Windows": PLAIN.replace("\n", "\r\n").encode(),
    "lines of an old Mac": PLAIN.replace("\n", "\r").encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "semicolons": PLAIN.replace(",", ";").replace("19.90", "19,90").encode(),
    "Excel's own hint": ("sep=;\r\n" + PLAIN.replace(",", ";")).encode(),
    "quotes": PLAIN.replace("product_id,target", '"product_id","target"')
    .replace(A, f'"{A}"')
    .encode(),
    "empty lines": ("\n\n" + PLAIN.replace("\n", "\n\n")).encode(),
    "an empty cell behind": PLAIN.replace("\u65b0\u54c1", "\u65b0\u54c1,").encode(),
    "commas in texts": PLAIN.replace(",", ";").replace("caf\u00e9", "a,b,c,d,e,f,g").encode(),
    "empty columns behind": PLAIN.replace("\n", ",,\n").encode(),
    "a name of its own for the ids": PLAIN.replace("product_id", "Product ID").encode(),
    "an address": PLAIN.replace(A, f"https://www.tiktok.com/view/product/{A}?a=b").encode(),
    "the shop's address": PLAIN.replace(A, f"https://shop.tiktok.com/us/pdp/serum/{A}").encode(),
    "Excel's text": PLAIN.replace(A, f'"=""{A}"""').encode(),
    "a number with a decimal": PLAIN.replace(A, f"{A}.0").encode(),
    "digits in threes": PLAIN.replace(A, f'"{int(A):,}"').encode(),
    "an apostrophe": PLAIN.replace(A, f"'{A}").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_alike(form: str) -> None:
    """However it was saved."""
    found = facts(FORMS[form])
    assert values(found, "target", A, B) == [19.9, 5]
    assert values(found, "note", B) == ["\u65b0\u54c1"]
    assert found.doubts == ()


def test_an_old_encoding_is_read_with_a_word() -> None:
    """GBK where that makes Chinese of it, else Western European."""
    chinese = f"product_id,target,note\n{A},5,\u65b0\u54c1\n"
    found = facts(chinese.encode("gbk"))
    assert values(found, "note", A) == ["\u65b0\u54c1"]
    assert [str(each) for each in found.doubts] == [
        'products.csv: is no UTF-8 and was read as GBK: save it as "CSV UTF-8" to be sure'
    ]
    found = facts(f"product_id,target,note\n{A},5,caf\u00e9 \u20ac\n".encode("cp1252"))
    assert values(found, "note", A) == ["caf\u00e9 \u20ac"]
    assert "was read as Windows-1252" in str(found.doubts[0])


REFUSED = {
    "": "products.csv: is empty: its first line names the columns",
    "\n \n": "is empty",
    "name,target\na,5\n": 'one of the columns must be called product_id: there are "name"',
    f"{A},19.90\n": "products.csv:1:1: the first line must name the columns",
    f"product_id,target\n{A},1,234.50\n": "products.csv:2:1: has 3 cells, the first line names 2",
    f'product_id,target\n{A},"5\n': "can't be read: unexpected end of data; is a quote missing?",
    "product_id,target\n1.73E+18,5\n": (
        'products.csv:2:1: "1.73E+18" is an id that a spreadsheet has rounded, and its last'
    ),
    f"product_id;target\n{A};5\n1,72987E+18;5\n": "products.csv:3:1: ",
    "sep=;\nproduct_id;target\n1,72987E+18;5\n": "products.csv:3:1: ",
    f"product_id,target\n{A},5\n\n{A},6\n": (
        f"products.csv:4:1: {A} stands in line 2 already, with other values"
    ),
    "product_id,t\n" + "".join(f"17298730735590{n}0000,5\n" for n in range(1, 5)): (
        "products.csv:2:1: 1729873073559010000 was rounded by a spreadsheet"
    ),
    b"PK\x03\x04rest": 'is an Excel workbook or a zip file, and no text: save it as "CSV UTF-8"',
    b"\xd0\xcf\x11\xe0rest": "is an old Excel workbook",
    b"product_id,a\n\0\0\0": "is no text",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_can_not_be_used(text: str | bytes) -> None:
    """A clear word with the line, and nothing of the file is taken."""
    assert REFUSED[text] in refused(text)


def test_all_that_is_wrong_is_named_at_once() -> None:
    """Of many rows of one kind the first, and how many more there are."""
    rows = "".join("1.73E+18,5\n" for _ in range(30))
    found = refused(f"product_id,target\n{rows}")
    assert found.count("digits are lost") == 10
    assert "and 20 rows more like these" in found


@pytest.mark.parametrize(
    ("rounded", "others", "told"),
    [(1, 0, 1), (2, 0, 2), (1, 998, 1), (1, 999, 0), (3, 4, 3), (2, 2_000, 0)],
)
def test_ids_that_end_in_zeros_by_chance(rounded: int, others: int, told: int) -> None:
    """One or two, or a few among many, are doubted at most; of many thousands they are usual."""
    ids = [f"17298730735590{n}0000" for n in range(1, rounded + 1)]
    ids += [f"1729900000000{n:06}" for n in range(100_001, 100_001 + others)]
    rows = "".join(f"{each},5\n" for each in ids)
    found = [each for each in doubts(f"product_id,t\n{rows}") if "was rounded" in each]
    assert len(found) == told


def test_what_a_spreadsheet_does_not_round() -> None:
    """An id of few digits, and one with another digit behind the fifteen that are kept."""
    for ids in (("1000000", "2000000", "3000000"), ("1729873073559011000",) * 3):
        rows = "".join(f"{each},5\n" for each in ids)
        assert doubts(f"product_id,t\n{rows}") == []


def test_a_point_in_a_file_with_semicolons_may_mark_thousands() -> None:
    """As where a comma is the decimal sign; with commas between the cells it is what it says."""
    for text, value in (
        (f"product_id;t\n{A};1.234\n", None),
        (f"product_id,t\n{A},1.234\n", 1.234),
    ):
        found = facts(text)
        assert values(found, "t", A) == [value]
        assert bool(found.doubts) is (value is None)


def test_a_column_is_of_money_where_all_of_it_is() -> None:
    """One cell with a sign makes none of the others money."""
    found = facts(f"product_id,a,b\n{A},$5,$5\n{B},$6,6\n").table
    assert found.units == {"a": Unit.MONEY, "b": Unit.SCORE}


def test_the_same_row_twice_is_no_fault() -> None:
    """It says the same."""
    assert values(facts(f"product_id,target\n{A},5\n{A},5\n"), "target", A) == [5]


def test_bad_cells_are_named() -> None:
    """Their products have no value of the column, and the others do."""
    text = f"product_id,target\n{A},19.90\n{B},n/a\n5,tbd\n"
    assert values(facts(text), "target", A, B) == [19.9, None]
    assert doubts(text) == [
        (
            'products.csv:3:1: target: "n/a" is no number, and the column has 1 number; '
            "the product has no target"
        ),
        (
            'products.csv:4:1: target: "tbd" is no number, and the column has 1 number; '
            "the product has no target"
        ),
    ]


def test_thousands_and_decimals_by_the_whole_file() -> None:
    """A cell that could be two numbers is one where another cell tells the file's sign; else it is
    named."""
    found = facts(f'product_id;target;cost\n{A};"1.234";5,50\n{B};1.234,50;\n')
    assert values(found, "target", A, B) == [1234, 1234.5]
    assert found.doubts == ()
    alone = f'product_id,target\n{A},"1,234"\n'
    assert values(facts(alone), "target", A) == [None]
    assert doubts(alone) == [
        (
            'products.csv:2:1: target: "1,234" may be two numbers: write it without a sign for '
            "thousands, as 1234.5; the product has no target"
        )
    ]
    assert values(facts(f"product_id,target\n{A},1.234\n"), "target", A) == [1.234]


def test_a_column_of_ids_is_text() -> None:
    """As it stands there, also where an unseen sign came along with what was pasted."""
    found = facts(f"product_id,rival\n\u200e{A}\u200b,7495981769829615944\n")
    assert values(found, "rival", A) == ["7495981769829615944"]


def test_signs_beside_numbers_say_what_they_count() -> None:
    """Percentages are fractions, and money is money; where only some cells say so it is doubted."""
    found = facts(f"product_id,share,price,plain\n{A},10%,$5,3\n{B},5%,\u20ac4,4\n")
    assert found.table.units == {"share": Unit.FRACTION, "price": Unit.MONEY, "plain": Unit.SCORE}
    assert values(found, "share", A) == [0.1]
    mixed = f"product_id,share\n{A},10%\n{B},10\n"
    assert "some cells have a %, others not" in doubts(mixed)[0]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("target", "target"),
        ("Target price", "Target_price"),
        (" price ($) ", "price"),
        ("target-price", "target_price"),
        ("2nd", ""),
        ("\u76ee\u6807\u4ef7", ""),
        ("", ""),
    ],
)
def test_names_of_columns(title: str, name: str) -> None:
    """What rules can't spell they can't speak of."""
    assert name_of(title) == name


def test_a_column_that_has_no_name_is_told_of() -> None:
    """But for an empty one; of two of the same name the first is read."""
    text = f"product_id,\u76ee\u6807,a b,a-b,,\n{A},1,2,3,,\n"
    assert values(facts(text), "a_b", A) == [2]
    first, second = doubts(text)
    assert 'the column "\u76ee\u6807" is not read' in first
    assert 'a second column "a_b" is not read' in second


def test_ids_that_are_none() -> None:
    """A short link, another address, words: the rows are not used, and named."""
    rows = "https://vt.tiktok.com/ZS123/,1\nhttps://example.com/a,2\nmy serum,3\n,4\n"
    text = f"product_id,t\n{rows}{A},5\n"
    found = doubts(text)
    assert values(facts(text), "t", A) == [5]
    assert len(found) == 4
    assert any("products.csv:2:1: " in each and "is a short link" in each for each in found)
    assert any("is another site" in each and "the row is not used" in each for each in found)
    assert any("products.csv:5:1: has no product_id" in each for each in found)


def test_a_line_of_commas_is_no_table() -> None:
    """It is not looked at column by column."""
    with pytest.raises(RulesError, match=r"products.csv:1:1: has 2,000,002 columns: that is no"):
        facts("product_id" + "," * 2_000_001 + "\n")

"""A file of daily sales is read as it stands, refused with its line, and told as the API would."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sales import LONGEST, SalesError, View, read

ROWS = """\
tea,2025-01-01,10,25,2.5
tea,2025-01-03,4,8,2
jam,2025-01-02,3,9,3
tea,2025-01-03,1,3,3
"""


def written(folder: Path, text: str | bytes, name: str = "sales.csv") -> Path:
    """A file with ``text``."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("form", ["plain", "header", "gz", "bom", "crlf", "blank", "more columns"])
def test_reads_every_form(tmp_path: Path, form: str) -> None:
    """Rows of one day are added up; a price holds until the next one."""
    text, name = ROWS, "sales.csv"
    if form in ("header", "bom"):
        text = "code,day,sold,worth,each\n" + text
    if form == "blank":
        text = "\n\ncode,day,sold,worth,each\n\n" + text
    if form == "more columns":
        text = text.replace("\n", ",GB,x\n")
    data = text.replace("\n", "\r\n" if form == "crlf" else "\n").encode()
    if form == "bom":
        data = b"\xef\xbb\xbf" + data
    if form == "gz":
        data, name = gzip.compress(data), "sales.csv.gz"
    sales = read(written(tmp_path, data, name))
    assert sales.products == ("jam", "tea")
    assert (sales.start, sales.days) == (date(2025, 1, 1), 3)
    assert sales.units.tolist() == [[0, 3, 0], [10, 0, 5]]
    assert sales.amount.tolist() == [[0, 9, 0], [25, 0, 11]]
    np.testing.assert_array_equal(sales.price, [[np.nan, 3, 3], [2.5, 2.5, 3]])
    assert sales.first_sold.tolist() == [1, 0]


def test_a_day_may_have_no_price(tmp_path: Path) -> None:
    """The one before holds then."""
    sales = read(written(tmp_path, "tea,2025-01-01,10,25,2.5\ntea,2025-01-02,1,2,\n"))
    assert sales.price.tolist() == [[2.5, 2.5]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no sales in it"),
        ("a,b,c,d,e\n", "no sales in it"),
        ("tea,2025-01-01,0,0,2\n", "no sales in it"),
        ("tea,2025-01-01,10,25\n", ":1: 4 columns; 5 are needed: product, date, units"),
        (ROWS + ",2025-01-01,1,1,1\n", ":5: no product in the first column"),
        (ROWS + "tea,01.02.2025,1,1,1\n", ':5: "01.02.2025" is no date; write it as 2025-11-24'),
        (ROWS + "tea,2025-02-30,1,1,1\n", ':5: "2025-02-30" is no date'),
        (ROWS + "tea,2025-01-02,one,1,1\n", ':5: units: "one" is no number'),
        (ROWS + "tea,2025-01-02,-1,1,1\n", ":5: units: -1 is not 0 or more"),
        (ROWS + "tea,2025-01-02,1,nan,1\n", ":5: amount: nan is not 0 or more"),
        (ROWS + "tea,2025-01-02,1,1,inf\n", ":5: price: inf is not 0 or more"),
        (ROWS + 'tea,2025-01-02,1,"1\n', "not CSV"),
        (ROWS + "tea,0202-01-02,1,1,1\n", f"days, {LONGEST:,} at most"),
        (b"caf\xe9,2025-01-02,1,1,1\n", "save it as UTF-8"),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, text: str | bytes, said: str) -> None:
    """With the file's name, and its line where it is about one."""
    path = written(tmp_path, text)
    with pytest.raises(SalesError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:")
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["none.csv", "none.csv.gz", "plain.csv.gz", "cut.csv.gz"])
def test_says_what_can_not_be_opened(tmp_path: Path, name: str) -> None:
    """A file that is not there, is no gzip, or ends in the middle."""
    written(tmp_path, ROWS, "plain.csv.gz")
    written(tmp_path, gzip.compress(ROWS.encode() * 999)[:60], "cut.csv.gz")
    with pytest.raises(SalesError, match=f"{name}: can't be read: "):
        read(tmp_path / name)


def test_tells_each_morning_what_the_api_would(tmp_path: Path) -> None:
    """Up to yesterday, of the first of the list only; of equals the first by name is first."""
    rows = [f"a,2025-01-{day:02},2,4,2" for day in range(1, 11)]
    rows += ["b,2025-01-01,14,7,0.5", "c,2025-01-02,1,9,9"]
    view = View(read(written(tmp_path, "\n".join(rows))), top=1)
    assert view.mornings == 11
    assert view.rows.tolist() == [0, 1]
    # b leads until its one day has left the week; on the eighth morning both have 14.
    assert view.listed[1].tolist() == [False] + [True] * 6 + [False] * 4
    assert view.listed[0].tolist() == [False] * 7 + [True] * 4
    assert view.units[1][0, 7:].tolist() == [2, 2, 2, 2]
    assert view.units[7][0, 7:].tolist() == [14, 14, 14, 14]
    assert (
        view.amount[30][0, 7:].tolist() == [28, 32, 36, 40] == (view.total_amount)[0, 7:].tolist()
    )
    assert view.total[1, 1:7].tolist() == [14] * 6
    assert view.price[1, 1:7].tolist() == [0.5] * 6
    assert np.isnan(view.units[7][~view.listed]).all()
    assert np.nanmax(view.rank) == 1


def test_one_may_say_what_the_source_has_seen(tmp_path: Path) -> None:
    """What it has not is not on the list, and others are in its place."""
    rows = [f"{name},2025-01-0{day},{units},1,1" for name, units in ("a3", "b2") for day in (1, 2)]
    sales = read(written(tmp_path, "\n".join(rows)))
    seen = np.ones((2, 3), np.bool_)
    seen[0, 2] = False
    view = View(sales, 1, seen)
    assert view.listed.tolist() == [[False, True, False], [False, False, True]]

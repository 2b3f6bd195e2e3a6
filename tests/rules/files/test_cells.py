"""Numbers as people and spreadsheets write them."""

import pytest

from watcher.rules.files.cells import Decimals, cell_of, plain_number, point_of, tidy


@pytest.mark.parametrize(
    ("text", "dot", "comma"),
    [
        ("1.234,50", None, 1234.5),
        ("1,234.50", 1234.5, None),
        ("1.234.567", None, 1_234_567),
        ("1,234,567", 1_234_567, None),
        ("1234,5", None, 1234.5),
        ("0,123", None, 0.123),
        ("1,234", 1234, 1.234),
        ("1.234", 1.234, 1234),
        ("$1,299.00", 1299, None),
        ("19,90 €", None, 19.9),
        ("€ -5", -5, -5),
        ("US$5", 5, 5),
        ("R$ 19,90", None, 19.9),
        ("Rp 15.000", 15, 15_000),
        ("12.50 USD", 12.5, None),
        ("¥12", 12, 12),
        ("10%", 0.1, 0.1),
        ("12,5 %", None, 0.125),
        ("(5.00)", -5, None),
        ("\u22123", -3, -3),
        ("1 234,50", None, 1234.5),
        ("1\u00a0234\u202f567", 1_234_567, 1_234_567),
        ("1'234.50", 1234.5, None),
        ("\uff11\uff19.\uff19", 19.9, None),
        ("10k", 10_000, 10_000),
        ("2.5M", 2_500_000, None),
        ("57%", 0.57, 0.57),  # and not 0.5700000000000001
        ("1234,567", None, 1234.567),
    ],
)
def test_a_cell_by_the_sign_of_its_file(text: str, dot: float | None, comma: float | None) -> None:
    """What it is where the file's decimal sign is a point, and where it is a comma."""
    cell = cell_of(tidy(text))
    assert cell is not None
    assert (cell.value(Decimals.DOT), cell.value(Decimals.COMMA)) == (dot, comma)


@pytest.mark.parametrize(
    "text", ["n/a", "-", "5 kg", "v1.2", "1.2.3,4", "12,34,567.5", "$", "10 %%"]
)
def test_what_is_no_number(text: str) -> None:
    """By either sign."""
    cell = cell_of(tidy(text))
    assert cell is None or {cell.value(point) for point in Decimals} == {None}


def test_an_id_is_no_number() -> None:
    """Its last digits would be lost."""
    assert cell_of("7495981769829615944") is None
    assert plain_number("7495981769829615944") is None


def test_a_cell_that_could_be_two_numbers_is_none() -> None:
    """Until another cell of the file tells."""
    cell = cell_of("1,234")
    assert cell is not None
    assert cell.value(Decimals.UNKNOWN) is None
    assert point_of(["1,234", "1234,567"]) is Decimals.COMMA
    assert cell.value(point_of(["1,234", "19.90"])) == 1234
    assert cell.value(point_of(["1,234", "19,90"])) == 1.234
    assert cell.value(point_of(["1,234", "19,90", "19.90"])) is None


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "0x10", "", "1e999"])
def test_what_only_python_takes_for_a_number(text: str) -> None:
    """It is none."""
    assert plain_number(text) is None

"""The user's arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.tables import column
from watcher.rules.sections.expressions import MAX_LENGTH, parse_expression

COLUMNS = {"a": column([6]), "b": column([4]), "zero": column([0]), "none": column([None])}


def value(text: str) -> float:
    """What a formula gives for the one product."""
    (result,) = np.broadcast_to(parse_expression(text)(COLUMNS), 1)
    return float(result)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 2", 14),
        ("(a + b) * 2", 20),
        ("a - b - 1", 1),
        ("a / b / 2", 0.75),
        ("2 ** 3 ** 2 + zero", 512),
        ("-a ** 2", -36),
        ("a ** -1", 1 / 6),
        ("+a - -b", 10),
        ("min(a, b, 5)", 4),
        ("max(a, b)", 6),
        ("abs(b - a)", 2),
        ("ln(a / 6)", 0),
        ("log10(a + 94)", 2),
        ("sqrt(b)", 2),
        ("round(a / b)", 2),
        ("a if a > b else b", 6),
        ("a if a <= b else b if b == 4 else 0", 4),
        ("1 if a != 6 else 2", 2),
        ("1.5k + a", 1506),
        (".5 * a", 3),
        ("1e3 + a", 1006),
    ],
)
def test_computes(text: str, expected: float) -> None:
    """By the strength that everyone expects."""
    assert value(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "a / zero",
        "none + 1",
        "min(none, 1)",
        "ln(zero)",
        "sqrt(-a)",
        "10 ** 400 * a",
        "a if none > 0 else b",
        "0 * (a / zero)",
        "a ** 1000",
        "none ** zero",
        "none ** 0 + a",
        "1 ** none",
    ],
)
def test_no_value(text: str) -> None:
    """Where a part has none, by zero, or past all numbers."""
    assert np.isnan(value(text))


def test_only_the_chosen_part_needs_a_value() -> None:
    """So that a division can be guarded."""
    assert value("a / zero if zero > 0 else b") == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a ^ 2", 'a power is written "**"'),
        ("a * 10%", "write 0.1 for 10%"),
        ("a = 2", 'equal is written "=="'),
        ("a > 2", 'a comparison stands only between "if" and "else"'),
        ("a if b else 2", "stands a comparison"),
        ("a if b > 1", 'needs a "else" at its end'),
        ("a b", 'broken before "b"'),
        ("a +", "broken at its end"),
        ("(a", 'needs a ")" at its end'),
        ("foo(a)", 'unknown function "foo"'),
        ("squrt(a)", 'did you mean "sqrt"?'),
        ("min(a)", "takes two parts or more"),
        ("max(1)", "takes two parts or more"),
        ("abs(a, b)", "takes one part, not 2"),
        ("min + 1", "min needs its parts in parentheses"),
        ("1 + 2", "names no metric"),
        ("", "formula is empty"),
        ("a.__class__", "can't be read"),
        ("a[0]", "can't be read"),
        ("'a'", "can't be read"),
        ("a if a > 1 and b > 1 else 2", 'needs a "else" before "and"'),
        ("lambda: a", "can't be read"),
        ("1e999 * a", "too large"),
        ("(" * 100 + "a" + ")" * 100, "nested more than"),
        ("-" * 100 + "a", "nested more than"),
        ("a" + " + a" * MAX_LENGTH, "longer than"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    """Arithmetic only, with a reason."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the text is the point
        parse_expression(text)
    assert message in str(caught.value)


def test_names_in_order() -> None:
    """Each once."""
    assert parse_expression("b * a + b").names == ("b", "a")


@settings(deadline=None)
@given(st.text(alphabet="ab01.+-*/()<>=!, ifelsminxkz\n%^", max_size=60))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    """Nothing else comes out; what is computed is a number or no value."""
    try:
        expression = parse_expression(text)
    except ValueError:
        return
    columns = {name: column([3, None]) for name in expression.names}
    assert not np.any(np.isinf(expression(columns)))

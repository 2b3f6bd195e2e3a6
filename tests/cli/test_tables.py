"""Tables of any width: nothing wider than the terminal, ids whole, piped whole."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len

from watcher.cli.output import Output
from watcher.cli.tables import hanging, shortened, wrapped

IDS = ["1729000000000015838", "1729000000000055433", "1729000000000285084", "17290"]
NAMES = [
    "美白保湿精华液面霜超级长的名字适合所有肤质" * 4,
    "e\u0301" * 90,
    "كريم العناية بالبشرة",
    "x\n💄" * 99,
]
COLUMNS = ("Id", "Product", "Rule", "Count", "State")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _shown(width: int, file: io.StringIO | None = None) -> list[str]:
    file = file or _Terminal()
    out = Output(file=file, width=width, color_system=None, markup=False, highlight=False)
    rows = [
        (f"A{number}", (name, f"US {key}"), f"a rule with a name of words {number}", "1,234", "ok")
        for number, (key, name) in enumerate(zip(IDS, NAMES, strict=True))
    ]
    out.table(COLUMNS, rows, numbers=("Count",), names=("Product",), texts=("Rule",))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [32, 40, 50, 60, 70, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """And every id is whole, every row there, whatever the width."""
    lines = _shown(width)
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    for number, key in enumerate(IDS):
        assert f"US {key}" in text
        assert re.search(rf"\bA{number}\b", text)
    assert text.count("1,234") == len(IDS)


def test_a_wider_terminal_is_used() -> None:
    """Up to what the texts need."""
    assert max(map(cell_len, _shown(200))) > 120
    assert NAMES[2] in "\n".join(_shown(120))


def test_numbers_are_set_to_the_right() -> None:
    """Under their head, in line."""
    file = _Terminal()
    out = Output(file=file, width=40, color_system=None)
    out.table(("What", "Number"), [("a", "1"), ("b", "12,345")], numbers=("Number",))
    assert [line.rstrip() for line in file.getvalue().splitlines()] == [
        "What  Number",
        "────────────",
        "a          1",
        "b     12,345",
    ]


def test_where_columns_do_not_fit_a_row_is_lines() -> None:
    """Each with its head, the numbers on one."""
    lines = _shown(34)
    assert lines[0].split() == ["Id", "A0"]
    assert any(line.split() == ["Count", "1,234"] for line in lines)
    assert "US 1729000000000015838" in {line.strip() for line in lines}


def test_a_long_state_is_wrapped_and_coloured() -> None:
    """Why an alert is over may take more than a word."""
    file = _Terminal()
    out = Output(file=file, width=30, color_system="standard", force_terminal=True)
    out.table(("Id", "State"), [("A1", "failing"), ("A2", "the rule was edited long ago")])
    lines = file.getvalue().splitlines()
    assert lines[2] == "A1  \x1b[31mfailing\x1b[0m"
    assert [line.strip() for line in lines[3:]] == ["A2  the rule was edited long", "ago"]


def test_piped_a_row_is_a_line() -> None:
    """Whole, with no line drawn and no blanks at its end."""
    lines = _shown(100_000, io.StringIO())
    assert len(lines) == 1 + len(IDS)
    assert NAMES[0] in lines[1]
    assert "─" not in "".join(lines)
    assert not [line for line in lines if line != line.rstrip()]


def test_texts_are_cut_and_wrapped_by_what_they_take_of_the_screen() -> None:
    """A Chinese character takes two cells, an accent none."""
    assert shortened("美白保湿", 8) == "美白保湿"
    assert shortened("美白保湿", 7) == "美白保…"
    assert shortened("美白保湿", 6) == "美白…"
    assert wrapped("美白保湿 abc", 8) == ["美白保湿", "abc"]
    assert hanging("  one two three", 11) == ["  one two", "    three"]


def test_a_long_text_is_cut_at_its_twelfth_line() -> None:
    """On a terminal: the JSON has all of it."""
    file = _Terminal()
    out = Output(file=file, width=30, color_system=None)
    out.table(("Id", "Text"), [("A1", " ".join(["word"] * 200))], texts=("Text",))
    lines = file.getvalue().splitlines()
    assert len(lines) == 2 + 12
    assert lines[-1].endswith("…")

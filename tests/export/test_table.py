"""Texts from outside, fit to be looked at."""

from __future__ import annotations

import io
import json

import pytest

from watcher.export.formats import write_csv, write_json_lines
from watcher.export.table import Column, Export, Kind, Part, harmless

KEPT = "Ｔéa 茶 👩\u200d👩\u200d👧 می\u200cخواهم a\u00a0b\u00adc"  # joined signs are one sign


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *((f"a{chr(code)}b", "a b") for code in (*range(32), *range(127, 160), 0x2028, 0x2029)),
        *((f"a{sign}b", "ab") for sign in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e"),
        *((f"a{sign}b", "ab") for sign in "\u2066\u2067\u2068\u2069"),
        (KEPT, KEPT),
        ("", ""),
    ],
    ids=ascii,
)
def test_harmless(text: str, shown: str) -> None:
    """Every control character, and every one that turns the reading direction."""
    assert harmless(text) == shown


def table() -> Export:
    """One row of each kind of text, all with what a terminal obeys."""
    names = {"name": Kind.TEXT, "id": Kind.DIGITS, "why": Kind.JSON, "n": Kind.INTEGER}
    why = json.dumps([{"a\x1b": "b\x9b\u202ec\n", "n": 1.5, "deep": [None, True, "\x00"]}])
    part: Part = [["x\x1b[31m\n"], ["\x9b7\u202e"], [why], [7]]
    return Export(tuple(Column(name, kind) for name, kind in names.items()), 1, iter([part]))


def test_json_inside_a_cell() -> None:
    """Its texts too, though a backslash hides what is in them; numbers stay."""
    file = io.BytesIO()
    write_json_lines(table(), file)
    assert json.loads(file.getvalue()) == {
        "name": "x [31m ", "id": " 7", "n": 7,
        "why": [{"a ": "b c ", "n": 1.5, "deep": [None, True, " "]}],
    }  # fmt: skip
    file = io.BytesIO()
    write_csv(table(), file)
    assert file.getvalue().decode().isprintable() is False  # its own line ends
    assert all(line.isprintable() for line in file.getvalue().decode().split("\n"))


def test_a_formula_behind_spaces() -> None:
    """Cleaned first, so that a line break before it hides nothing."""
    file = io.BytesIO()
    write_csv(Export((Column("a", Kind.TEXT),), 1, iter([[["\t=1+1", " @x", "a=b"]]])), file)
    assert file.getvalue() == b"a\n' =1+1\n' @x\na=b\n"

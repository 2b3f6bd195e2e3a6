"""What commands print: tables that fit the terminal, plain where piped, or JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from watcher.keyapi.fields import BY_NAME
from watcher.units import Unit, format_value

_PIPED_WIDTH = 200  # nothing is cut where a program reads


def console(*, stderr: bool = False) -> Console:
    """A console that colours only terminals and obeys NO_COLOR."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPED_WIDTH
    return Console(stderr=stderr, highlight=False, markup=False, width=width)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()
) -> Table:
    """A table of texts; the columns named in ``numbers`` are set to the right."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column in numbers
        made.add_column(
            column, justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    for row in rows:
        # Text, not str: what stands in a product's name is never markup.
        made.add_row(*(Text(plain(cell)) for cell in row))
    return made


def plain(text: str) -> str:
    """A text from outside without control characters: a name must not move the cursor."""
    return "".join(each if each.isprintable() else " " for each in text)


def said(metric: str, value: float | str | None, unit: Unit | str, currency: str | None) -> str:
    """A metric's value for people; a flag's by its name."""
    field = BY_NAME.get(metric)
    if value is not None and field is not None and field.unit is Unit.FLAG:
        names = {number: name for name, number in field.names} or {0: "no", 1: "yes"}
        return names.get(int(value), plain(str(value)))
    return plain(format_value(value, unit, currency))


def print_json(value: object) -> None:
    """A value as indented JSON on stdout."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.flush()

"""What commands print: tables that fit the terminal, plain where piped, or JSON."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from watcher.cli.text import plain, plain_lines
from watcher.keyapi.fields import BY_NAME
from watcher.units import Unit, format_value

__all__ = ["console", "plain", "print_json", "said", "table"]

_PIPED_WIDTH = 200  # nothing is cut where a program reads


# JSON leaves these as they are, and terminals obey them: C1 controls, reading direction.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class _Console(Console):
    """Prints texts as they are to be read: whatever stands in a name stays a name."""

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(plain_lines(text), **how)


def console(*, stderr: bool = False) -> Console:
    """A console that colours only terminals and obeys NO_COLOR."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPED_WIDTH
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


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


def said(metric: str, value: float | str | None, unit: Unit | str, currency: str | None) -> str:
    """A metric's value for people; a flag's by its name."""
    field = BY_NAME.get(metric)
    if value is not None and field is not None and field.unit is Unit.FLAG:
        names = {number: name for name, number in field.names} or {0: "no", 1: "yes"}
        return names.get(int(value), plain(str(value)))
    return plain(format_value(value, unit, currency))


def print_json(value: object) -> None:
    """A value as indented JSON on stdout."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    harmless = _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    sys.stdout.buffer.write(harmless.encode() + b"\n")
    sys.stdout.flush()

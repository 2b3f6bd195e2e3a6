"""What commands print: tables that fit the terminal, plain where piped, or JSON."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import msgspec
from rich.console import Console
from rich.text import Text

from watcher.cli.tables import Cell, Kind, Sheet, hanging, sheet
from watcher.cli.text import plain, plain_lines
from watcher.fields import BY_NAME
from watcher.units import NO_CURRENCIES, Currencies, Unit, format_value

__all__ = ["Output", "console", "plain", "print_json", "said", "table"]

_PIPED_WIDTH = 100_000  # nothing is cut or wrapped where a program reads


# JSON leaves these as they are, and terminals obey them: C1 controls, reading direction.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Output(Console):
    """Prints texts as they are to be read: whatever stands in a name stays a name."""

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(plain_lines(text), **how)

    def say(self, text: str, style: str = "") -> None:
        """Print lines; what does not fit is wrapped, and set in under its own line."""
        for line in plain_lines(text).split("\n"):
            for part in hanging(line, self.width):
                self.print(Text(part, style=style, no_wrap=True, overflow="ignore"))


def console(*, stderr: bool = False) -> Output:
    """A console that colours only terminals and obeys NO_COLOR."""
    stream = sys.stderr if stderr else sys.stdout
    width = _width(stream)
    height = None if width is None else 25  # without it rich overlooks the width, too
    return Output(
        stderr=stderr, highlight=False, markup=False, emoji=False, width=width, height=height
    )


def _width(stream: TextIO) -> int | None:
    """The width to keep to; None: the terminal's, also after it has changed."""
    if not stream.isatty():
        return _PIPED_WIDTH
    if os.environ.get("TERM", "") not in ("dumb", "unknown"):
        return None
    # Of these rich believes that all have 80 columns.
    columns = os.environ.get("COLUMNS", "")
    return (
        int(columns) if columns.isdecimal() else os.get_terminal_size(stream.fileno()).columns or 80
    )


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    numbers: Sequence[str] = (),
    names: Sequence[str] = (),
    texts: Sequence[str] = (),
    lists: Sequence[str] = (),
) -> Sheet:
    """A table of texts. Columns named in ``numbers`` are set to the right, those in ``names``
    shortened where room is short (in ``lists`` line by line), those in ``texts`` wrapped; all
    others are shown whole."""
    kinds = {"State": Kind.STATE}
    kinds |= dict.fromkeys(numbers, Kind.NUMBER) | dict.fromkeys(names, Kind.NAME)
    kinds |= dict.fromkeys(texts, Kind.TEXT) | dict.fromkeys(lists, Kind.NAMES)
    return sheet([(column, kinds.get(column, Kind.WHOLE)) for column in columns], rows)


def said(
    metric: str,
    value: float | str | None,
    unit: Unit | str,
    currencies: Currencies = NO_CURRENCIES,
) -> str:
    """A metric's value for people; a flag's by its name."""
    field = BY_NAME.get(metric)
    if value is not None and field is not None and field.unit is Unit.FLAG:
        names = {number: name for name, number in field.names} or {0: "no", 1: "yes"}
        return names.get(int(value), plain(str(value)))
    return plain(format_value(value, unit, currencies))


def json_text(value: object) -> str:
    """A value as indented JSON, with nothing in it that a terminal obeys."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def print_json(value: object) -> None:
    """A value as indented JSON on stdout."""
    sys.stdout.buffer.write(json_text(value).encode())
    sys.stdout.flush()

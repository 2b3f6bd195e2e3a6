"""Output of commands: tables that fit the terminal, plain where piped, or JSON."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TextIO, TypeVar

import click
import msgspec
from rich.console import Console
from rich.text import Text

from watcher.cli.tables import Cell, Fit, Sheet, hanging
from watcher.text import evidence
from watcher.text.sanitize import plain, plain_lines
from watcher.units import NO_CURRENCIES, Currencies, Unit

_PIPED_WIDTH = 100_000  # nothing is cut or wrapped where a program reads

# JSON leaves these as they are, and terminals obey them: C1 controls, reading direction.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


SHAPES = "__printed_shapes__"
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _note_json(context: click.Context, _option: click.Parameter, value: object) -> None:
    context.meta[__name__] = value


as_json = click.option(
    "--json", is_flag=True, expose_value=False, callback=_note_json, help="Print JSON."
)


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping that a command prints as JSON: what is not known is null, a field that may be left
    out ``UNSET``."""

    @classmethod
    def of(cls, *values: object, **more: Any) -> Self:
        """One with the fields that the values have under the same names, and ``more``."""
        found = dict(more)
        for name in cls.__struct_fields__:
            for value in values:
                if name not in found and hasattr(value, name):
                    found[name] = getattr(value, name)
        return cls(**found)


@dataclass(frozen=True, slots=True)
class RowsOf:
    """A list, each row of which is of one of these types."""

    shapes: tuple[type, ...]


def prints(*shapes: Any) -> Callable[[_Function], _Function]:
    """Say what a command prints with ``--json``: a value of one of these types. A function gives
    those that are not worth their import where nobody asks. ``docs/schemas/`` are made of them."""

    def note(function: _Function) -> _Function:
        setattr(function, SHAPES, shapes)
        return function

    return note


class Output(Console):
    """Prints texts as they are to be read: whatever stands in a name stays a name."""

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(plain_lines(text), **how)

    def say(self, text: str, style: str = "") -> None:
        """Print lines; what does not fit is wrapped, and set in under its own line."""
        for line in plain_lines(text).split("\n"):
            for part in hanging(line, self.width):
                self.print(Text(part, style=style, no_wrap=True, overflow="ignore"))

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        apart: bool = False,
        numbers: Sequence[str] = (),
        names: Sequence[str] = (),
        texts: Sequence[str] = (),
        lists: Sequence[str] = (),
    ) -> None:
        """Print a table, an empty line ``apart`` from what is above. Columns in ``numbers`` are set
        to the right, those in ``names`` shortened where room is short (in ``lists`` line by line),
        those in ``texts`` wrapped; all others are shown whole."""
        fits = {"State": Fit.STATE}
        fits |= dict.fromkeys(numbers, Fit.NUMBER) | dict.fromkeys(names, Fit.NAME)
        fits |= dict.fromkeys(texts, Fit.TEXT) | dict.fromkeys(lists, Fit.NAMES)
        if apart:
            self.print()
        self.print(Sheet([(column, fits.get(column, Fit.WHOLE)) for column in columns], rows))


def console(*, stderr: bool = False) -> Output:
    """A console that colours only terminals and obeys NO_COLOR."""
    width = _width(sys.stderr if stderr else sys.stdout)
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
    if columns.isdecimal():
        return int(columns)
    return os.get_terminal_size(stream.fileno()).columns or 80


def said(
    metric: str, value: float | str | None, unit: Unit | str, currencies: Currencies = NO_CURRENCIES
) -> str:
    """A metric's value for a terminal; a flag's by its name."""
    shown = value if isinstance(value, str) else evidence.said(metric, value, unit, currencies)
    return plain(shown)


def json_text(value: object) -> str:
    """A value as indented JSON, with nothing in it that a terminal obeys."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def json_wanted() -> bool:
    """Whether the command that runs was asked for JSON, by ``as_json``."""
    return bool(click.get_current_context().meta[__name__])


def answer(found: object, show: Callable[[], None]) -> None:
    """Print what a command found: as JSON where that is wanted, else as it is shown to people."""
    if json_wanted():
        print_json(found)
    else:
        show()


def print_json(value: object) -> None:
    """A value as indented JSON on stdout."""
    sys.stdout.buffer.write(json_text(value).encode())
    sys.stdout.flush()


def fields_of(value: object, names: str) -> dict[str, object]:
    """The fields of these names, parted by spaces, for JSON."""
    return {name: getattr(value, name) for name in names.split()}

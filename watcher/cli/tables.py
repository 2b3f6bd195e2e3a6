"""Tables that fit where they are read. On a terminal ids, numbers and times stay whole, names are
shortened, texts wrapped, and where even that does not suffice each row becomes lines of its own.
Piped, each row is one line, whole and without lines drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain, zip_longest

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from watcher.text.sanitize import plain
from watcher.units import format_number

# A text, or one for each line of the cell; numbers are grouped, amounts have one decimal.
Cell = str | float | Sequence[str] | None

GAP = "  "
_PIPED = 40  # cells that a piped column is padded to at most: a longer text pushes the others on
_WRAPS = Console(width=80)  # rich's wrapping asks for one
_MOST_LINES = 12  # of a wrapped text; all of it is in the JSON
_STYLES = {"failing": "red", "dead": "red", "firing": "yellow", "partial": "yellow"}


class Fit(Enum):
    """Behaviour of a column where room is short."""

    WHOLE = auto()  # never cut, never wrapped: ids, times
    NUMBER = auto()  # the same, to the right
    NAME = auto()  # its first line is shortened; the others are whole
    NAMES = auto()  # each of its lines is shortened
    TEXT = auto()  # wrapped
    STATE = auto()  # the same, in colour


# Cells, where there is that much.
_LEAST = {Fit.NAME: 10, Fit.NAMES: 10, Fit.TEXT: 12, Fit.STATE: 9}


@dataclass(slots=True)
class _Column:
    """A column's head, its fit, and its cells as lines."""

    head: str
    fit: Fit
    cells: list[tuple[str, ...]]

    @property
    def natural(self) -> int:
        """Cells of the longest line."""
        return _widest(chain.from_iterable(self.cells))

    @property
    def least(self) -> int:
        """The fewest cells that it can do with."""
        word = _widest(self.head.split())
        if self.fit not in _LEAST:
            return max(self.natural, word)
        least = max(min(self.natural, _LEAST[self.fit]), word)
        if self.fit is Fit.NAME:
            least = max([least, *(_widest(cell[1:]) for cell in self.cells)])
        return least

    def lines(self, row: int, width: int) -> list[str]:
        """The lines of a row's cell, each at most ``width`` cells."""
        cell = self.cells[row]
        match self.fit:
            case Fit.NAME:
                return [*(shortened(name, width) for name in cell[:1]), *cell[1:]]
            case Fit.NAMES:
                return [shortened(line, width) for line in cell]
            case Fit.TEXT | Fit.STATE:
                return _bounded(_wrapped(cell, width), width)
            case _:
                return list(cell)

    def joined(self, row: int) -> str:
        """The cell on one line."""
        return (", " if self.fit is Fit.NAMES else GAP).join(filter(None, self.cells[row]))

    def free(self, row: int, width: int) -> list[str]:
        """The lines of a cell that has them for itself: nothing but names is cut."""
        if self.fit is Fit.NAMES:
            return self.lines(row, width)
        return _wrapped(self.cells[row], width)

    def record(self, row: int, left: int, right: int) -> Iterator[Text]:
        """The cell beside its head, which has ``left`` cells, the cell ``right``."""
        heads = [shortened(self.head, left)]
        for head, part in zip_longest(heads, self.free(row, right), fillvalue=""):
            text = Text(set_cell_size(head, left), style="bold", no_wrap=True)
            yield text.append(GAP).append(part, self.style(part) or "not bold")

    def style(self, part: str) -> str:
        return _STYLES.get(part.split(" ", 1)[0], "") if self.fit is Fit.STATE else ""


class Sheet:
    """A table that a rich console prints; what stands in a cell is a text, never markup."""

    def __init__(self, columns: Sequence[tuple[str, Fit]], rows: Sequence[Sequence[Cell]]) -> None:
        self._columns = [
            _Column(plain(head), fit, [_cell(row[at]) for row in rows])
            for at, (head, fit) in enumerate(columns)
        ]
        self._rows = range(len(rows))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not console.file.isatty():
            return self._piped()
        widths = self._widths(options.max_width)
        return self._records(options.max_width) if widths is None else self._table(widths)

    def _piped(self) -> Iterator[Text]:
        cells = [[each.head, *map(each.joined, self._rows)] for each in self._columns]
        widths = [min(_PIPED, max(map(cell_len, column))) for column in cells]
        for parts in zip(*cells, strict=True):
            yield self._line(parts, widths)

    def _widths(self, room: int) -> list[int] | None:
        """Cells for each column; None where they can't all be had."""
        widths = [each.least for each in self._columns]
        spare = room - _across(widths)
        if spare < 0:
            return None
        wishes = [max(each.least, each.natural) for each in self._columns]
        spare = _widen(widths, wishes, spare)
        # What is left lets heads stand on one line.
        heads = [cell_len(each.head) for each in self._columns]
        _widen(widths, list(map(max, wishes, heads)), spare)
        return widths

    def _table(self, widths: Sequence[int]) -> Iterator[Text]:
        columns = list(zip(self._columns, widths, strict=True))
        for parts in _heads(columns):
            yield self._line(parts, widths, "bold")
        yield Text("─" * _across(widths), style="dim", no_wrap=True)
        for row in self._rows:
            cells = [each.lines(row, width) for each, width in columns]
            for parts in zip_longest(*cells, fillvalue=""):
                yield self._line(parts, widths)

    def _line(self, parts: Sequence[str], widths: Sequence[int], style: str = "") -> Text:
        line = Text(style=style, no_wrap=True, overflow="ignore")
        for column, part, width in zip(self._columns, parts, widths, strict=True):
            pad = " " * (width - cell_len(part))
            if column.fit is Fit.NUMBER:
                line.append(pad + part)
            else:
                line.append(part, column.style(part)).append(pad)
            line.append(GAP)
        line.rstrip()
        return line

    def _records(self, room: int) -> Iterator[Text]:
        """Each row as lines of "head  value", its numbers on one."""
        labelled, numbers = self._parted()
        left = min(_widest(each.head for each in labelled), room // 3)
        width = max(room - left - len(GAP), 1)
        for row in self._rows:
            if row:
                yield Text()
            for each in labelled:
                yield from each.record(row, left, width)
            for part in _figures(numbers, row, width):
                yield Text(f"{' ' * left}{GAP}{part}", no_wrap=True)

    def _parted(self) -> tuple[list[_Column], list[_Column]]:
        """The columns of texts, and those of numbers."""
        texts = [each for each in self._columns if each.fit is not Fit.NUMBER]
        return texts, [each for each in self._columns if each.fit is Fit.NUMBER]


def _heads(columns: Sequence[tuple[_Column, int]]) -> Iterator[Sequence[str]]:
    """The lines of the heads, which all end on the lowest one."""
    heads = [wrapped(each.head, width) for each, width in columns]
    deepest = max(map(len, heads))
    return zip(*([""] * (deepest - len(head)) + head for head in heads), strict=True)


def _figures(numbers: Sequence[_Column], row: int, width: int) -> list[str]:
    said = " · ".join(f"{each.head} {''.join(each.cells[row])}" for each in numbers)
    return wrapped(said, width) if said else []


def _widest(lines: Iterable[str]) -> int:
    return max(map(cell_len, lines), default=0)


def _wrapped(cell: Sequence[str], width: int) -> list[str]:
    return [part for line in cell for part in wrapped(line, width)]


def _bounded(lines: list[str], width: int) -> list[str]:
    """The lines that are shown of a long text."""
    if len(lines) <= _MOST_LINES:
        return lines
    *shown, last = lines[:_MOST_LINES]
    return [*shown, shortened(f"{last} …", width)]


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells, broken between words where that is possible."""
    if cell_len(text) <= width:
        return [text]
    lines = Text(text).wrap(_WRAPS, max(width, 1), overflow="fold")
    return [line.plain.rstrip() for line in lines]


def hanging(text: str, width: int) -> list[str]:
    """Wrapped lines, those that follow set in a little further than the first."""
    indent = " " * (len(text) - len(text.lstrip(" ")))
    first, *more = wrapped(text.lstrip(" "), max(width - len(indent) - len(GAP), 1))
    if not more and cell_len(text) <= width:
        return [text]
    return [indent + first, *(indent + GAP + line for line in more)]


def shortened(text: str, width: int) -> str:
    """At most ``width`` cells, the last of them "…" where something was left out."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, max(width - 1, 0)).rstrip()}…" if width > 0 else ""


def _cell(cell: Cell) -> tuple[str, ...]:
    match cell:
        case None:
            return ("",)
        case str():
            return (plain(cell),)
        case int() | float():
            return (format_number(cell, 1),)
        case _:
            return tuple(plain(line) for line in cell if line)


def _across(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _widen(widths: list[int], wishes: Sequence[int], spare: int) -> int:
    """Give the narrowest that still wishes a cell, again and again; what is left at the end."""
    while spare > 0 and (short := [at for at, wish in enumerate(wishes) if widths[at] < wish]):
        widths[min(short, key=widths.__getitem__)] += 1
        spare -= 1
    return spare

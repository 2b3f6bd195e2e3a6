"""A table that fits where it is read: a terminal of any width, or a pipe.

On a terminal no line is wider than it, and ids, numbers and times stay whole: names are shortened,
texts wrapped, and where even that does not suffice each row becomes lines of its own. Piped, each
row is one line, whole and without lines drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from watcher.cli.text import plain

Cell = str | Sequence[str]  # a text, or one for each line of the cell

GAP = "  "
_PIPED = 40  # cells that a piped column is padded to at most: a longer text pushes the others on
_WRAPS = Console(width=80)  # rich's wrapping asks for one
_MOST_LINES = 12  # of a wrapped text; all of it is in the JSON
_STYLES = {"failing": "red", "dead": "red", "firing": "yellow", "partial": "yellow"}


class Kind(Enum):
    """How a column behaves where room is short."""

    WHOLE = auto()  # never cut, never wrapped: ids, times
    NUMBER = auto()  # the same, to the right
    NAME = auto()  # its first line is shortened; the others are whole
    NAMES = auto()  # each of its lines is shortened
    TEXT = auto()  # wrapped
    STATE = auto()  # the same, in colour


_LEAST = {
    Kind.NAME: 10,
    Kind.NAMES: 10,
    Kind.TEXT: 12,
    Kind.STATE: 9,
}  # cells, where there is that much


@dataclass(slots=True)
class Column:
    """A column's head, kind, and cells as lines."""

    head: str
    kind: Kind
    cells: list[tuple[str, ...]]

    @property
    def natural(self) -> int:
        """Cells of the longest line."""
        return max((cell_len(line) for cell in self.cells for line in cell), default=0)

    def least(self) -> int:
        """The fewest cells that it can do with."""
        word = max(map(cell_len, self.head.split()), default=0)
        if self.kind not in _LEAST:
            return max(self.natural, word)
        whole = 0
        if self.kind is Kind.NAME:
            whole = max((cell_len(line) for cell in self.cells for line in cell[1:]), default=0)
        return max(min(self.natural, _LEAST[self.kind]), whole, word)

    def lines(self, row: int, width: int) -> list[str]:
        """The lines of a row's cell, each at most ``width`` cells."""
        cell = self.cells[row]
        match self.kind:
            case Kind.NAME:
                return [shortened(cell[0], width), *cell[1:]] if cell else []
            case Kind.NAMES:
                return [shortened(line, width) for line in cell]
            case Kind.TEXT | Kind.STATE:
                found = [part for line in cell for part in wrapped(line, width)]
                if len(found) > _MOST_LINES:
                    found[_MOST_LINES - 1 :] = [shortened(f"{found[_MOST_LINES - 1]} …", width)]
                return found
            case _:
                return list(cell)

    def joined(self, row: int) -> str:
        """The cell on one line."""
        return (", " if self.kind is Kind.NAMES else GAP).join(filter(None, self.cells[row]))

    def free(self, row: int, width: int) -> list[str]:
        """The same where the cell has a line of its own: nothing but names is cut."""
        if self.kind is Kind.NAMES:
            return self.lines(row, width)
        return [part for line in self.cells[row] for part in wrapped(line, width)]


class Sheet:
    """The table; a rich console prints it."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._rows = range(len(columns[0].cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not console.file.isatty():
            yield from self._piped()
            return
        widths = self._widths(options.max_width)
        yield from self._records(options.max_width) if widths is None else self._table(widths)

    def _piped(self) -> Iterator[Text]:
        cells = [[each.joined(row) for row in self._rows] for each in self._columns]
        widths = [
            min(_PIPED, max(map(cell_len, (each.head, *column))))
            for each, column in zip(self._columns, cells, strict=True)
        ]
        yield self._line([each.head for each in self._columns], widths)
        for parts in zip(*cells, strict=True):
            yield self._line(parts, widths)

    def _widths(self, room: int) -> list[int] | None:
        """Cells for each column; None where they can't all be had."""
        widths = [each.least() for each in self._columns]
        spare = room - sum(widths) - len(GAP) * (len(widths) - 1)
        if spare < 0:
            return None
        wishes = [max(each.natural, widths[at]) for at, each in enumerate(self._columns)]
        spare = _widen(widths, wishes, spare)
        # What is left lets heads stand on one line.
        _widen(
            widths,
            [
                max(wish, cell_len(each.head))
                for wish, each in zip(wishes, self._columns, strict=True)
            ],
            spare,
        )
        return widths

    def _table(self, widths: Sequence[int]) -> Iterator[Text]:
        heads = [
            wrapped(each.head, width) for each, width in zip(self._columns, widths, strict=True)
        ]
        deepest = max(map(len, heads))
        heads = [[""] * (deepest - len(head)) + head for head in heads]
        for parts in zip(*heads, strict=True):
            yield self._line(parts, widths, "bold")
        yield Text("─" * (sum(widths) + len(GAP) * (len(widths) - 1)), style="dim", no_wrap=True)
        for row in self._rows:
            cells = [
                each.lines(row, width) for each, width in zip(self._columns, widths, strict=True)
            ]
            for parts in zip_longest(*cells, fillvalue=""):
                yield self._line(parts, widths)

    def _line(self, parts: Sequence[str], widths: Sequence[int], style: str = "") -> Text:
        line = Text(style=style, no_wrap=True, overflow="ignore")
        for column, part, width in zip(self._columns, parts, widths, strict=True):
            pad = " " * (width - cell_len(part))
            if column.kind is Kind.NUMBER:
                line.append(pad + part)
            else:
                line.append(part, _style(column, part)).append(pad)
            line.append(GAP)
        line.rstrip()
        return line

    def _records(self, room: int) -> Iterator[Text]:
        """Each row as lines of "head  value", its numbers on one."""
        labelled = [each for each in self._columns if each.kind is not Kind.NUMBER]
        numbers = [each for each in self._columns if each.kind is Kind.NUMBER]
        left = min(max((cell_len(each.head) for each in labelled), default=0), room // 3)
        width = max(room - left - len(GAP), 1)
        for row in self._rows:
            if row:
                yield Text()
            for each in labelled:
                parts = each.free(row, width)
                heads = [shortened(each.head, left)]
                for head, part in zip_longest(heads, parts, fillvalue=""):
                    text = Text(set_cell_size(head, left), style="bold", no_wrap=True)
                    text.append(GAP).append(part, _style(each, part) or "not bold")
                    yield text
            said = " · ".join(f"{each.head} {''.join(each.cells[row])}" for each in numbers)
            for part in wrapped(said, width) if said else ():
                yield Text(f"{' ' * left}{GAP}{part}", no_wrap=True)


def sheet(columns: Sequence[tuple[str, Kind]], rows: Sequence[Sequence[Cell]]) -> Sheet:
    """A table of these columns; what stands in a cell is a text, never markup."""
    return Sheet(
        [
            Column(plain(head), kind, [_cell(row[at]) for row in rows])
            for at, (head, kind) in enumerate(columns)
        ]
    )


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells, broken between words where that is possible."""
    if cell_len(text) <= width:
        return [text]
    lines = Text(text).wrap(_WRAPS, max(width, 1), overflow="fold")
    return [line.plain.rstrip() for line in lines]


def hanging(text: str, width: int) -> list[str]:
    """The same, with the lines that follow set in a little further than the first."""
    indent = " " * (len(text) - len(text.lstrip(" ")))
    first, *more = wrapped(text.lstrip(" "), max(width - len(indent) - len(GAP), 1))
    return (
        [indent + first, *(indent + GAP + line for line in more)]
        if more or cell_len(text) > width
        else [text]
    )


def shortened(text: str, width: int) -> str:
    """At most ``width`` cells, the last of them "…" where something was left out."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, max(width - 1, 0)).rstrip()}…" if width > 0 else ""


def _cell(cell: Cell) -> tuple[str, ...]:
    return (plain(cell),) if isinstance(cell, str) else tuple(plain(line) for line in cell if line)


def _style(column: Column, part: str) -> str:
    return _STYLES.get(part.split(" ", 1)[0], "") if column.kind is Kind.STATE else ""


def _widen(widths: list[int], wishes: Sequence[int], spare: int) -> int:
    """Give the narrowest that still wishes a cell, again and again; what is left at the end."""
    while spare > 0:
        short = [at for at, wish in enumerate(wishes) if widths[at] < wish]
        if not short:
            break
        widths[min(short, key=widths.__getitem__)] += 1
        spare -= 1
    return spare

"""A CSV file of the user's own numbers and texts into a ``FactTable``: read as spreadsheets save
it, and where what it means can't be known, refused with the line."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from watcher.errors import Problem, ProblemCode, RulesError
from watcher.model import Floats
from watcher.rules.files.cells import (
    Decimals,
    cell_of,
    is_ambiguous,
    plain_number,
    point_of,
    tidy,
)
from watcher.rules.files.plain_text import text_of
from watcher.rules.own_facts import FactTable
from watcher.source.addresses import Ruined, id_in_cell, is_rounded
from watcher.units import Unit, count_of
from watcher.words import Wrong, quoted

MOST_ROWS = 1_000_000
_MOST_COLUMNS = 200
_MOST_TITLES = 10_000  # of more, each would be looked at for nothing
_TOLD = 10  # cells, or rows, of one kind that are named
_BY_CHANCE = 1_000  # one id in ten thousand ends in four zeros by itself
_LONGEST_CELL = 10_000
_DELIMITERS = ",;\t|"
_IDS = ("product_id", "productid", "product", "id", "product_url", "product_link", "url", "link")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True)
class FactFile:
    """A file's facts, and what is odd in it."""

    table: FactTable
    doubts: Sequence[Problem]


@dataclass
class _Sheet:
    """The rows of a file while they are read; ``doubts`` and ``problems`` gather what is wrong."""

    file: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    semicolons: bool
    doubts: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def doubt(self, message: str, line: int = 0, column: str = "") -> None:
        self.doubts.append(_problem(self.file, line, message, column, ProblemCode.DOUBT))

    def refuse(self, message: str, line: int = 0) -> None:
        self.problems.append(_problem(self.file, line, message))

    def several(self, found: Sequence[tuple[int, str]], what: str, *, refused: bool) -> None:
        """Note rows of one kind by their lines: the first in full, the others counted."""
        say = self.refuse if refused else self.doubt
        for line, message in found[:_TOLD]:
            say(message, line)
        if len(found) > _TOLD:
            say(f"and {count_of(len(found) - _TOLD, what)} more like these")


def read_facts(content: bytes, file: str) -> FactFile:
    """The file's table; raises ``RulesError`` with all that makes it unusable."""
    try:
        text, guess = text_of(content)
    except Wrong as error:
        raise _refused(file, str(error)) from None
    sheet = _sheet(file, text)
    if guess:
        sheet.doubt(f'is no UTF-8 and was read as {guess}: save it as "CSV UTF-8" to be sure')
    place = _id_column(sheet)
    ids = _ids(sheet, place)
    if sheet.problems:
        raise RulesError(tuple(sheet.problems))
    table = _Columns(sheet, place).table(ids)
    return FactFile(table, tuple(sheet.doubts))


def _sheet(file: str, text: str) -> _Sheet:
    first, _, rest = text.partition("\n")
    skipped = 0
    told = re.fullmatch(r"\s*sep=(.)\s*", first.strip("\r")) if first else None
    if told is not None:  # as Excel writes it
        text, skipped = rest, 1
    if not text.strip():
        raise _refused(
            file, "is empty: its first line names the columns, as product_id,target,cost"
        )
    delimiter = told[1] if told is not None else _delimiter(text)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            begun, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = row
                if len(header) > _MOST_TITLES:
                    raise _refused(file, f"has {len(row):,} columns: that is no table", begun)
            else:
                rows.append(row)
                lines.append(begun + skipped)
            if len(rows) > MOST_ROWS:
                raise _refused(file, f"has more than {MOST_ROWS:,} rows")
    except csv.Error as error:
        at = reader.line_num + skipped
        raise _refused(file, f"can't be read: {error}; is a quote missing?", at) from None
    return _Sheet(file, header, rows, lines, delimiter == ";")


def _delimiter(text: str) -> str:
    """The sign that stands most often in the first line, outside of quotes."""
    first = next(line for line in text.splitlines() if line.strip())
    plain = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=plain.count)


def _id_column(sheet: _Sheet) -> int:
    """The place of the ids; what has none is refused."""
    names = [_plain(each) for each in sheet.header]
    for name in _IDS:
        if name in names:
            return names.index(name)
    if any(re.fullmatch(r"\d{10,}", tidy(cell)) for cell in sheet.header):
        message = "the first line must name the columns, as product_id,target: here it is data"
    else:
        listed = ", ".join(quoted(tidy(each)) for each in sheet.header[:8])
        message = f"one of the columns must be called product_id: there are {listed}"
    raise _refused(sheet.file, message, 1)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", tidy(name).casefold()).strip("_")


def _ids(sheet: _Sheet, place: int) -> dict[str, int]:
    """The row of each product; what is none, or stands there twice, is noted."""
    found: dict[str, int] = {}
    ruined: list[tuple[int, str]] = []
    odd: list[tuple[int, str]] = []
    twice: list[tuple[int, str]] = []
    without: list[tuple[int, str]] = []
    width = len(sheet.header)
    for number, (row, line) in enumerate(zip(sheet.rows, sheet.lines, strict=True)):
        if any(cell.strip() for cell in row[width:]):
            sheet.refuse(_too_wide(row, width), line)
            continue
        try:
            own = id_in_cell(tidy(row[place]) if place < len(row) else "")
        except Ruined as error:
            ruined.append((line, str(error)))
            continue
        except Wrong as error:
            odd.append((line, f"{error}: the row is not used"))
            continue
        if not own:
            without.append((line, "has no product_id: the row is not used"))
            continue
        if not own.isdecimal():
            odd.append((line, f"{quoted(own)} is no product id, which is digits: nothing has it"))
        if sheet.rows[first := found.setdefault(own, number)] != row:
            at = sheet.lines[first]
            twice.append((line, f"{own} stands in line {at} already, with other values"))
    sheet.several(ruined, "row", refused=True)
    sheet.several(twice, "row", refused=True)
    sheet.several(without, "row", refused=False)
    sheet.several(odd, "row", refused=False)
    _check_rounded(sheet, found)
    if not found and not sheet.problems:
        sheet.doubt("has no row with a product_id: no product has a value of it")
    return found


def _too_wide(row: Sequence[str], width: int) -> str:
    return (
        f"has {len(row)} cells, the first line names {width}: a number with a comma in it stands "
        'in quotes, as "1,234.50"'
    )


def _check_rounded(sheet: _Sheet, ids: Mapping[str, int]) -> None:
    """Ids whose last digits a spreadsheet made zeros: of many that is no chance."""
    found = [
        (sheet.lines[row], f"{own} was rounded by a spreadsheet, it seems: its last digits are 0")
        for own, row in ids.items()
        if is_rounded(own)
    ]
    refused = len(found) >= 3 and len(found) * 2 >= len(ids)
    if refused or len(found) * _BY_CHANCE > len(ids):
        sheet.several(found, "row", refused=refused)


class _Columns:
    """Makes the columns of a sheet into numbers and texts."""

    def __init__(self, sheet: _Sheet, ids_at: int) -> None:
        self._sheet = sheet
        self._places = dict(self._named(ids_at))
        self._cells = {name: self._column(place) for name, place in self._places.items()}
        self._point = point_of({cell for cells in self._cells.values() for cell in cells})

    def table(self, ids: Mapping[str, int]) -> FactTable:
        numbers: dict[str, Floats] = {}
        texts: dict[str, Sequence[str | None]] = {}
        units: dict[str, Unit] = {}
        for name, cells in self._cells.items():
            values, unit = self._numbers(name, cells)
            if values is None:
                texts[name] = [cell[:_LONGEST_CELL] or None for cell in cells]
            else:
                numbers[name] = values
                units[name] = unit
        sheet = self._sheet
        return FactTable(sheet.file, ids, numbers, texts, sheet.lines, units)

    def _named(self, ids_at: int) -> Iterator[tuple[str, int]]:
        taken: set[str] = set()
        for place, title in enumerate(self._sheet.header[:_MOST_COLUMNS]):
            if place == ids_at:
                continue
            name = name_of(title)
            if not name:
                if tidy(title) or any(self._column(place)):
                    shown = quoted(tidy(title)) if tidy(title) else f"number {place + 1}"
                    self._sheet.doubt(
                        f"the column {shown} is not read: rules can't call it so; name it with "
                        "letters, digits and _, a letter first",
                        1,
                    )
            elif name in taken:
                self._sheet.doubt(f"a second column {quoted(name)} is not read", 1)
            else:
                taken.add(name)
                yield name, place
        if len(self._sheet.header) > _MOST_COLUMNS:
            self._sheet.doubt(f"columns beyond {_MOST_COLUMNS} are not read", 1)

    def _column(self, place: int) -> list[str]:
        cells = [row[place] if place < len(row) else "" for row in self._sheet.rows]
        tidied = {text: tidy(text) for text in set(cells)}
        return [tidied[text] for text in cells]

    def _numbers(self, name: str, cells: Sequence[str]) -> tuple[Floats | None, Unit]:
        """A column as numbers, with what they count; None of one that is text."""
        # Most of what stands in a column stands there often.
        found = {text: self._number(text) for text in set(cells) if text}
        known = {text: value for text, (value, _) in found.items() if value is not None}
        values = np.array([known.get(text, np.nan) for text in cells], np.float64)
        signs = Counter(found[text][1] for text in cells if text in known)
        bad = [row for row, text in enumerate(cells) if text and text not in known]
        count = signs.total()
        if not count and bad and not any(map(self._may_be_number, {cells[row] for row in bad})):
            return None, Unit.TEXT
        self._tell_bad(name, [(row, cells[row]) for row in bad], count)
        return values, self._unit(name, signs)

    def _number(self, text: str) -> tuple[float | None, str]:
        """A cell's number, and the sign beside it: % or a currency's."""
        value = plain_number(text)
        if value is not None and (self._point_is_sure or not is_ambiguous(text)):
            return value, ""
        cell = cell_of(text)
        if cell is None:
            return None, ""
        sign = "%" if cell.is_percent else "money" if cell.is_money else ""
        return cell.value(self._point), sign

    @property
    def _point_is_sure(self) -> bool:
        """Whether 1.234 is what a program means by it."""
        unknown = self._point is Decimals.UNKNOWN and not self._sheet.semicolons
        return self._point is Decimals.DOT or unknown

    @staticmethod
    def _may_be_number(text: str) -> bool:
        return cell_of(text) is not None

    def _tell_bad(self, name: str, bad: Sequence[tuple[int, str]], good: int) -> None:
        lines = self._sheet.lines
        for row, text in bad[:_TOLD]:
            if self._may_be_number(text):
                why = "may be two numbers: write it without a sign for thousands, as 1234.5"
            else:
                why = f"is no number, and the column has {count_of(good, 'number')}"
            message = f"{quoted(text)} {why}; the product has no {name}"
            self._sheet.doubt(message, lines[row], name)
        if len(bad) > _TOLD:
            more = count_of(len(bad) - _TOLD, "cell")
            self._sheet.doubt(f"and {more} more that are no numbers", 0, name)

    def _unit(self, name: str, signs: Counter[str]) -> Unit:
        if signs["%"] and len(signs) > 1:
            self._sheet.doubt("some cells have a %, others not: 10% is 0.1, and 10 is 10", 0, name)
            return Unit.SCORE
        if signs["%"]:
            return Unit.FRACTION
        return Unit.MONEY if signs["money"] == signs.total() > 0 else Unit.SCORE


def name_of(title: str) -> str:
    """The name that rules call a column by: ``Target price ($)`` is ``Target_price``; empty where
    none can be made of it."""
    plain = tidy(title)
    if not plain.isascii():
        return ""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", plain)
    if name != plain:
        name = name.strip("_")
    return name if _NAME.fullmatch(name) else ""


def without(table: FactTable, names: Collection[str]) -> FactTable:
    """The table without some of its columns."""
    return FactTable(
        table.file,
        table.rows,
        {name: each for name, each in table.numbers.items() if name not in names},
        {name: each for name, each in table.texts.items() if name not in names},
        table.lines,
        table.units,
    )


def _problem(
    file: str, line: int, message: str, path: str = "", code: ProblemCode = ProblemCode.INVALID
) -> Problem:
    return Problem(file, line, 1 if line else 0, path, message, code)


def _refused(file: str, message: str, line: int = 0) -> RulesError:
    return RulesError((_problem(file, line, message),))

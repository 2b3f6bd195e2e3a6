"""The view of a list that an address asks for, and the address of a view: each view has one, and
what an address says that can't be is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from watcher.analysis.views.columns import ListColumn, ListColumns
from watcher.language import gettext as _
from watcher.rules.metrics import RANK
from watcher.words import shortened

MOST_COLUMNS = 20
SIZE = 50  # rows of a page
_LONGEST = 200  # characters of a filter, but of a condition that is typed
_MOST = 200  # values of an address that are looked at
TEXT, SELLER, CATEGORY, WHEN = "q", "seller", "category", "when"
COLUMNS, COLUMN, SORT, PAGE = "cols", "col", "sort", "page"
_PLAIN = (TEXT, SELLER, CATEGORY, WHEN)
# Before a column's name: the least and the most, exactly this, and a part of a text.
OPERATORS = ("min", "max", "is", "has")
_ELSEWHERE = ("notice", "n", "comma", "language")  # of the page itself


@dataclass(frozen=True, slots=True)
class ViewTrouble:
    """A word on what an address, or a field of the form, says: ``field`` is its name there."""

    field: str
    text: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class ListView:
    """A selection of a list and its order. ``filters`` are texts by the names of their fields, in
    the order of those; ``sort`` is a column, None for the list's own order."""

    columns: tuple[ListColumn, ...]
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: ListColumn | None = None
    descending: bool = False
    page: int = 1

    def query(self, known: ListColumns) -> str:
        """The one query that stands for this view."""
        return urlencode([*self._parts(known)], safe=",.", quote_via=quote)

    def at(self, page: int) -> ListView:
        """Another page of it."""
        return replace(self, page=page)

    def by(self, sort: ListColumn | None, *, descending: bool) -> ListView:
        """It in another order, from its first page on."""
        return replace(self, sort=sort, descending=descending, page=1)

    def _parts(self, known: ListColumns) -> Iterator[tuple[str, str]]:
        yield from self.filters.items()
        if self.columns != known.default:
            yield COLUMNS, ",".join(column.name for column in self.columns)
        if self.sort is not None:
            yield SORT, f"{'-' if self.descending else ''}{self.sort.name}"
        if self.page > 1:
            yield PAGE, str(self.page)


def asked_view(
    values: Sequence[tuple[str, str]], known: ListColumns
) -> tuple[ListView, tuple[ViewTrouble, ...]]:
    """The view that the values of an address ask for, and all that is wrong with them."""
    reader = _Reader(known)
    for name, text in values[:_MOST]:
        reader.take(name, _clean(text))
    if len(values) > _MOST:
        reader.tell("", _("The address says too much: its end was not looked at."))
    return reader.view(), tuple(reader.troubles)


def is_form(values: Iterable[tuple[str, str]]) -> bool:
    """Whether the form sent these: it sends fields that are empty, and columns one by one."""
    return any(name == COLUMN or not text for name, text in values)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").strip()


class _Reader:
    """Takes one value after the other."""

    def __init__(self, known: ListColumns) -> None:
        self.troubles: list[ViewTrouble] = []
        self._known = known
        self._columns: dict[str, ListColumn] = {}
        self._filters: dict[str, str] = {}
        self._sort: ListColumn | None = None
        self._descending = False
        self._page = 1

    def tell(self, name: str, text: str) -> None:
        """Note what is wrong."""
        trouble = ViewTrouble(name, text)
        if trouble not in self.troubles:
            self.troubles.append(trouble)

    def take(self, name: str, text: str) -> None:
        """Take one value; an empty one says nothing."""
        if not text or name in _ELSEWHERE:
            return
        match name:
            case "cols" | "col":
                for each in text.split(","):
                    self._show(each.strip())
            case "sort":
                self._order(text)
            case "page":
                self._turn_to(text)
            case _:
                self._filter(name, text)

    def view(self) -> ListView:
        """The view so far."""
        names = [name for name in _PLAIN if name in self._filters]
        names += sorted(self._filters.keys() - {*_PLAIN}, key=_of_column)
        columns = tuple(self._columns.values()) or self._known.default
        return ListView(
            columns, {name: self._filters[name] for name in names}, self._sort, self._descending,
            self._page,
        )  # fmt: skip

    def _show(self, name: str) -> None:
        column = self._known.get(name)
        if column is None:
            self._unknown(COLUMNS, name)
        elif len(self._columns) < MOST_COLUMNS:
            self._columns[name] = column
        elif name not in self._columns:
            most = _("A table has {count} columns at most: the others are left out.")
            self.tell(COLUMNS, most.format(count=MOST_COLUMNS))

    def _order(self, text: str) -> None:
        name = text.removeprefix("-")
        column = self._known.get(name)
        if column is None:
            self._unknown(SORT, name)
            return
        self._sort, self._descending = column, text.startswith("-")
        if (self._sort.name, self._descending) == (RANK, False):
            self._sort = None

    def _turn_to(self, text: str) -> None:
        if text.isascii() and text.isdecimal() and int(text[:9]) > 0 and len(text) < 10:
            self._page = int(text)
        else:
            told = _("There is no page {page}.").format(page=shortened(text))
            self.tell(PAGE, told)

    def _filter(self, name: str, text: str) -> None:
        operator, _dot, of = name.partition(".")
        column = self._known.get(of) if operator in OPERATORS else None
        if name not in _PLAIN and (column is None or not _fits(operator, column)):
            told = _('The address asks for "{name}", which is nothing that a list has.')
            self.tell("", told.format(name=shortened(name)))
        elif name != WHEN and len(text) > _LONGEST:
            told = _("A filter has {count} characters at most.")
            self.tell(name, told.format(count=_LONGEST))
        elif name in self._filters:
            self.tell(name, _("It is said twice: the first counts."))
        else:
            self._filters[name] = text

    def _unknown(self, name: str, given: str) -> None:
        told = _('This list has no column "{name}".').format(name=shortened(given))
        self.tell(name, told)


def _of_column(name: str) -> tuple[str, int]:
    operator, _dot, of = name.partition(".")
    return of, OPERATORS.index(operator)


def _fits(operator: str, column: ListColumn) -> bool:
    """Whether a column can be filtered so."""
    if column.is_text:
        return operator in ("is", "has")
    return operator == "is" if column.is_flag else operator in ("min", "max")

"""A list in words: heads of its columns, values of its cells, and the fields of its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.analysis.views.asked import OPERATORS, ListView
from watcher.analysis.views.columns import NAME, ColumnKind, ListColumn, ListColumns
from watcher.analysis.views.listing import ListCell, ListRow, ShownList
from watcher.attributes import shown
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.rules.conditions.base import Ago, From, Last
from watcher.rules.metrics import RANK
from watcher.text.evidence import baseline_said, said
from watcher.units import Currencies, Unit, format_number, format_percent

_LONGEST_NAME, _LONGEST_TEXT = 100, 60  # characters that are shown
_LONGEST_QUERY = 600  # of a view whose heads are links: each has it
NOTHING = "\u2013"
_GROUPS = {
    "usual": N_("Usual"),
    "own": N_("Your own"),
    "numbers": N_("Numbers"),
    "changes": N_("Changes"),
    "texts": N_("Texts"),
}


@dataclass(frozen=True, slots=True)
class ColumnHead:
    """A column's head: ``query`` is that of the list sorted by it, None where that is too long to
    stand in each head, and ``order`` how it is sorted by it now, as browsers are told; empty where
    it is not. ``short`` is the word of a change that stands beside its metric; else empty."""

    label: str
    short: str
    note: str
    query: str | None
    order: str
    number: bool


@dataclass(frozen=True, slots=True)
class SaidCell:
    """A value in words; ``way`` is where it moved, up or down. ``of_alerts``: it counts those that
    fire."""

    text: str
    way: str = ""
    of_alerts: bool = False


@dataclass(frozen=True, slots=True)
class ListLine:
    """A row in words."""

    row: ListRow
    name: str
    seller: str
    cells: tuple[SaidCell, ...]


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field of the form: by ``values``, one of these is chosen."""

    name: str
    label: str
    value: str
    example: str = ""
    values: Sequence[tuple[str, str]] = ()


def label_of(column: ListColumn) -> str:
    """The column's label alone; a change has that of its metric."""
    if column.kind is ColumnKind.ALERTS:
        return _("alerts")
    name = column.metric.name if column.metric is not None else column.name
    return label_said(name, column.label)


def named(column: ListColumn) -> str:
    """The column's label, for what stands alone."""
    label = label_of(column)
    return _("{label}, change").format(label=label) if column.is_change else label


def since(baseline: From) -> str:
    """The baseline of changes: ``from 24h ago``."""
    if isinstance(baseline, Last):
        return _("from the scan before")
    seconds = baseline.seconds if isinstance(baseline, Ago) else 0
    return _("from {baseline}").format(baseline=baseline_said("ago", seconds))


def heads(view: ListView, known: ListColumns) -> list[ColumnHead]:
    """The heads of a view's columns."""
    befores = [None, *view.columns]
    return [
        head(column, view, known, before)
        for column, before in zip(view.columns, befores, strict=False)
    ]


def head(
    column: ListColumn, view: ListView, known: ListColumns, before: ListColumn | None = None
) -> ColumnHead:
    """A column's head, ``before`` the one at its left. Where the list is sorted by it, the query
    turns the order round."""
    current = view.sort if view.sort is not None else known.get(RANK)
    here = current is not None and current.name == column.name
    descending = not view.descending if here else not column.rises_first
    sort = None if column.name == RANK and not descending else column
    order = ("descending" if view.descending else "ascending") if here else ""
    query = view.by(sort, descending=descending).query(known)
    note = since(known.baseline) if column.is_change else ""
    link = query if len(query) <= _LONGEST_QUERY else None
    short = _("change") if column.is_change and _is_its_metric(before, column) else ""
    return ColumnHead(named(column), short, note, link, order, not column.is_text)


def _is_its_metric(column: ListColumn | None, change: ListColumn) -> bool:
    return column is not None and not column.is_change and column.metric == change.metric


def of_gmv(columns: Sequence[ListColumn]) -> bool:
    """Whether one of them has amounts of GMV."""
    return any(
        each.metric is not None and each.metric.unit is Unit.GMV and not each.is_change
        for each in columns
    )


def orders(view: ListView, known: ListColumns) -> list[tuple[str, str, bool]]:
    """The orders that the form offers, for screens without heads: the value of each, its words, and
    whether it is the one now."""
    columns = [known[NAME], *view.columns, *([view.sort] if view.sort is not None else [])]
    found = [("", _("the list's own order"), view.sort is None)]
    for column in {column.name: column for column in columns}.values():
        for descending in (False, True):
            if column.name == RANK and not descending:
                continue  # the list's own
            chosen = column is view.sort and view.descending is descending
            value = f"{'-' if descending else ''}{column.name}"
            found.append((value, _ordered(column, descending=descending), chosen))
    return found


def _ordered(column: ListColumn, *, descending: bool) -> str:
    if column.is_text:
        text = _("{label}, from Z to A") if descending else _("{label}, from A to Z")
        return text.format(label=named(column))
    text = _("{metric}, highest first") if descending else _("{metric}, lowest first")
    return text.format(metric=named(column))


def lines(
    found: ShownList, columns: Sequence[ListColumn], gmv_currency: str | None
) -> list[ListLine]:
    """The rows in words."""
    return [_line(row, columns, found.names, gmv_currency) for row in found.rows]


def _line(
    row: ListRow, columns: Sequence[ListColumn], names: Mapping[str, str], gmv_currency: str | None
) -> ListLine:
    currencies = Currencies(row.currency, gmv_currency)
    cells = tuple(
        _said(column, cell, currencies, names)
        for column, cell in zip(columns, row.cells, strict=True)
    )
    seller = names.get(row.seller_id, row.seller_id)
    return ListLine(row, _cut(row.name, _LONGEST_NAME), seller, cells)


def _said(
    column: ListColumn, cell: ListCell, currencies: Currencies, names: Mapping[str, str]
) -> SaidCell:
    value = cell.value
    if isinstance(value, str):
        return SaidCell(_cut(names.get(value) or shown(column.name, value), _LONGEST_TEXT))
    if column.is_change:
        return _moved(column, cell)
    if value is None:
        return SaidCell(NOTHING)
    if column.metric is None:
        return SaidCell(format_number(value), of_alerts=value > 0)
    return SaidCell(said(column.metric.name, value, column.metric.unit, currencies))


def _moved(column: ListColumn, cell: ListCell) -> SaidCell:
    value = cell.value
    if not isinstance(value, float):
        from_nothing = cell.then == 0 and column.kind is ColumnKind.SHARE
        return SaidCell(_("from 0") if from_nothing else NOTHING)
    way = "" if value == 0 else "up" if value > 0 else "down"
    if column.kind is ColumnKind.SHARE:
        return SaidCell(format_percent(value, signed=True), way)
    unit = column.metric.unit if column.metric is not None else Unit.SCORE
    if column.kind is ColumnKind.MOVED and unit is Unit.FRACTION:
        return SaidCell(_("{count} points").format(count=_signed(value * 100)), way)
    return SaidCell(_signed(value), way)


def _signed(value: float) -> str:
    text = format_number(value)
    return text if text.startswith("-") or text == "0" else f"+{text}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}\u2026"


def fields(view: ListView, known: ListColumns) -> Iterator[tuple[str, list[FilterField]]]:
    """The fields of ranges, by column: of those that are shown, and those that are filtered by."""
    columns = {column.name: column for column in view.columns}
    for name in view.filters:
        operator, _dot, of = name.partition(".")
        if operator in OPERATORS and (column := known.get(of)) is not None:
            columns.setdefault(of, column)
    for column in columns.values():
        yield named(column), [*_fields(column, view)]


def _fields(column: ListColumn, view: ListView) -> Iterator[FilterField]:
    def field(
        operator: str, label: str, example: str = "", values: Sequence[tuple[str, str]] = ()
    ) -> FilterField:
        name = f"{operator}.{column.name}"
        return FilterField(name, label, view.filters.get(name, ""), example, values)

    if column.is_text:
        yield field("has", _("has in it"))
        yield field("is", _("is"))
    elif column.is_flag and column.metric is not None:
        names = column.metric.names or (("yes", 1), ("no", 0))
        yield field("is", _("is"), "", [(name, _(name)) for name, _number in names])
    else:
        example = {ColumnKind.SHARE: "10%", ColumnKind.PLACES: "5"}.get(column.kind, "")
        yield field("min", _("at least"), example)
        yield field("max", _("at most"), example and f"-{example}")


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that may be chosen."""

    name: str
    label: str
    chosen: bool


def offered(view: ListView, known: ListColumns) -> list[tuple[str, list[ColumnChoice]]]:
    """The columns to choose from, in groups: first those that are shown, in their order."""
    shown = {column.name: column for column in view.columns}
    groups = [(_("Shown"), [*shown.values()])]
    groups += [(_(_GROUPS[name]), [*columns]) for name, columns in known.offered.items()]
    found = [
        (
            heading,
            [
                ColumnChoice(each.name, named(each), each.name in shown)
                for each in columns
                if each.name not in shown or place == 0
            ],
        )
        for place, (heading, columns) in enumerate(groups)
    ]
    return [(heading, choices) for heading, choices in found if choices]


def pages(view: ListView, known: ListColumns, found: ShownList) -> list[tuple[str, str, str]]:
    """The pages that one may go to: the relation, the word and the query of each."""
    here, last = found.page, found.pages
    ways = [
        ("first", _("First"), 1, here > 2),
        ("prev", _("Page before"), here - 1, here > 1),
        ("next", _("Next page"), here + 1, here < last),
        ("last", _("Last"), last, here < last - 1),
    ]
    return [(way, word, view.at(to).query(known)) for way, word, to, there in ways if there]

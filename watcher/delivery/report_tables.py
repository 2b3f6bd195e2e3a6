"""A report as tables of harmless texts: what mail, page and terminal show, each row also in a line
for chats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo

from watcher.delivery.reasons import moved, share_of
from watcher.evidence import Evidence
from watcher.fields import PRICE
from watcher.identity import product_page
from watcher.language import gettext as _
from watcher.model import Verdict
from watcher.report import (
    FateOfAlert,
    ReportContent,
    ReportedAlert,
    ReportedProduct,
    ReportedSeller,
)
from watcher.subjects import subject_parts
from watcher.text.reports import lead_lines, metric_name, span
from watcher.text.sanitize import neutralise, neutralise_name, unmarked_link
from watcher.units import (
    Currencies,
    Unit,
    counted,
    enumerated,
    format_instant,
    format_number,
    format_value,
)

_NOTHING = "\u2013"  # in a cell


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row: the ``cells`` beside its name, and all of these in a ``line``. ``note`` says where it
    is from. ``link`` is the product's page; ``key`` and ``region`` are those of the product or the
    seller in our page."""

    name: str
    cells: tuple[str, ...]
    line: str
    note: str = ""
    link: str = ""
    key: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A part of a report. Of its ``all`` rows those that are not shown are only counted; ``empty``
    says why there is none."""

    part: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[ReportRow, ...]
    all: int
    empty: str

    @property
    def more(self) -> str:
        """``and 14 more``; empty where all are shown."""
        rest = self.all - len(self.rows)
        if rest <= 0 or not self.rows:
            return ""
        return _("and {count} more").format(count=format_number(rest))

    @property
    def heading(self) -> str:
        """The title, with how many there are."""
        if not self.all:
            return self.title
        return _("{title} ({count})").format(title=self.title, count=format_number(self.all))

    @property
    def none(self) -> str:
        """Its title with the reason why it has no row, in a line."""
        return _("{name}: {said}").format(name=self.title, said=self.empty)

    def first(self, count: int) -> ReportTable:
        """The first rows; the others are counted."""
        return replace(self, rows=self.rows[:count])


@dataclass(frozen=True, slots=True)
class ReportInWords:
    """A report's ``lead`` and its ``tables``; times in the zone that is named."""

    lead: tuple[str, ...]
    tables: tuple[ReportTable, ...]


def in_words(report: ReportContent, zone: tzinfo) -> ReportInWords:
    """The report in the language that is spoken."""
    tables = {table.part: table for table in _tables(report, zone)}
    lead = tuple(neutralise(line, 300) for line in lead_lines(report, zone))
    return ReportInWords(lead, tuple(tables[part] for part in report.parts))


def _tables(report: ReportContent, zone: tzinfo) -> Iterator[ReportTable]:
    metric = metric_name(report.metric, report.label)
    before = _("{span} before").format(span=span(report.compare))
    product, now, change = _("Product"), _("Now"), _("Change")
    moves = (product, before, now, change)
    values = _Values(report, report.metric, report.label, report.unit)
    prices = _Values(report, PRICE, "", Unit.MONEY.value)
    unknown = _("Not known: no list was read whole at both times.")
    yield ReportTable(
        "movers",
        _("Moved most: {metric}").format(metric=metric),
        moves,
        tuple(values.moved(each) for each in report.movers),
        _all_moved(report),
        _("Nothing moved."),
    )
    for part, title, rows, count in (
        ("entered", _("New on the list"), report.entered, report.all_entered),
        ("left", _("Left the list"), report.left, report.all_left),
    ):
        yield ReportTable(
            part,
            title,
            (product, metric),
            tuple(values.there(each) for each in rows),
            count or 0,
            unknown if count is None else _("None."),
        )
    yield ReportTable(
        "sellers",
        _("Sellers by {metric}").format(metric=metric_name(report.sum_metric, report.sum_label)),
        (_("Seller"), now, _("Change, of products of both times")),
        tuple(_seller(each, report) for each in report.sellers),
        report.all_sellers,
        _("No sellers are known."),
    )
    yield ReportTable(
        "prices",
        _("Prices that moved"),
        moves,
        tuple(prices.moved(each) for each in report.prices),
        report.all_prices,
        _("No price moved."),
    )
    yield ReportTable(
        "alerts",
        _("Told since {time}").format(time=format_instant(report.alerts_since, zone)),
        (product, _("What became of it"), _("Values")),
        tuple(_alert(each, report) for each in report.alerts),
        report.all_alerts,
        _("No alert was told."),
    )


def _all_moved(report: ReportContent) -> int:
    return max(report.rising + report.falling, len(report.movers)) if report.movers else 0


@dataclass(frozen=True, slots=True)
class _Values:
    """Products with values of one metric."""

    report: ReportContent
    metric: str
    label: str
    unit: str

    def moved(self, each: ReportedProduct) -> ReportRow:
        """``1,200 → 4,830 USD (+303%)``."""
        evidence = _evidence(self.metric, self.label, self.unit, each.value, each.before)
        currencies = _currencies(each, self.report)
        line = moved(evidence, currencies)
        share = share_of(evidence) or _NOTHING
        unit = Unit(self.unit)
        cells = (
            format_value(each.before, unit), format_value(each.value, unit, currencies), share
        )  # fmt: skip
        return _row(each, cells, line, several=several_regions(self.report))

    def there(self, each: ReportedProduct) -> ReportRow:
        """``7-day GMV 4,830 USD``."""
        value = _NOTHING
        if each.value is not None:
            value = format_value(each.value, Unit(self.unit), _currencies(each, self.report))
        line = f"{metric_name(self.metric, self.label)} {value}"
        return _row(each, (value,), line, several=several_regions(self.report))


def _row(each: ReportedProduct, cells: tuple[str, ...], line: str, *, several: bool) -> ReportRow:
    return ReportRow(
        neutralise_name(each.name) or _("(no name)"), cells, line, _where(each, several),
        _page(each.product_id), neutralise(each.product_id, 60), neutralise(each.region, 8),
    )  # fmt: skip


def _where(each: ReportedProduct, several: bool) -> str:
    """The list that a product is on, and its region, where there are several."""
    region = neutralise(each.region, 8) if several else ""
    return enumerated(filter(None, (neutralise(each.list), region)))


def several_regions(report: ReportContent) -> bool:
    """Whether a report tells of products of several regions, or of nobody knows which."""
    return len({each.region for each in report.lists}) > 1 or not report.lists[0].region


def _seller(each: ReportedSeller, report: ReportContent) -> ReportRow:
    unit, currencies = Unit(report.sum_unit), Currencies(None, each.currency)
    value = format_value(each.value, unit, currencies)
    change = _NOTHING
    if each.before > 0:
        evidence = _evidence(report.sum_metric, "", report.sum_unit, each.now, each.before)
        change = share_of(evidence) or _NOTHING
    products = counted("{count} product", "{count} products", each.size)
    seller = neutralise(each.seller, 60)
    name = neutralise_name(each.name, 60)
    line = value
    if change != _NOTHING:
        line = _("{told} ({share})").format(told=value, share=change)
    region = neutralise(each.region, 8) if several_regions(report) else ""
    note = enumerated(filter(None, (seller if name else "", region, products)))
    own = {"key": each.seller, "region": each.region}
    return ReportRow(name or seller, (value, change), line, note, **own)


def _alert(each: ReportedAlert, report: ReportContent) -> ReportRow:
    currencies = Currencies(neutralise(each.currency, 8) or None, report.gmv_currency)
    fate = _FATES[each.fate]()
    if each.ended is not None:
        ended = _("ended")
        fate = ended if each.fate is FateOfAlert.UNKNOWN else enumerated((fate, ended))
    unit = Unit(each.unit) if each.unit in frozenset(Unit) else Unit.SCORE
    steps = [each.baseline, each.told, each.now]
    known = [format_value(value, unit, currencies) for value in steps if value is not None]
    values = f"{metric_name(each.metric, each.label)} {' → '.join(known)}" if known else ""
    rule = neutralise(each.rule)
    grouped = subject_parts(each.product_id) is not None or bool(each.grouped_by)
    line = _("{name}: {said}").format(name=fate, said=values) if values else fate
    return ReportRow(
        neutralise_name(each.name) or _("(no name)"), (fate, values), line,
        _("rule {rule}").format(rule=rule), "" if grouped else _page(each.product_id),
        neutralise(each.product_id, 60), neutralise(each.region, 8),
    )  # fmt: skip


_FATES = {
    FateOfAlert.GROWING: lambda: _("still growing"),
    FateOfAlert.HOLDS: lambda: _("holds"),
    FateOfAlert.FELL_BACK: lambda: _("fell back"),
    FateOfAlert.UNKNOWN: lambda: _("not known"),
}


def _evidence(
    metric: str, label: str, unit: str, value: float | None, before: float | None
) -> Evidence:
    return Evidence(metric, label, unit, "", Verdict.MET, value, before)


def _currencies(each: ReportedProduct, report: ReportContent) -> Currencies:
    return Currencies(neutralise(each.currency, 8) or None, report.gmv_currency)


def _page(product_id: str) -> str:
    return unmarked_link(product_page(neutralise(product_id, 60)))

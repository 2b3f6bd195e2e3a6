"""A report in the document for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from watcher.delivery.payload import reported as shapes
from watcher.delivery.payload.part import number_or_none, text_or_none, time_of, time_or_none
from watcher.identity import product_page
from watcher.report import (
    ReportContent,
    ReportedAlert,
    ReportedList,
    ReportedProduct,
    ReportedSeller,
    ReportedSum,
)
from watcher.text.reports import lead_lines
from watcher.text.sanitize import plain
from watcher.units import Unit


def report_text(report: ReportContent, zone: tzinfo) -> str:
    """The lines that people read above a report's tables."""
    return "\n".join(lead_lines(report, zone))


def report_of(report: ReportContent) -> shapes.ReportOfMessage:
    """The report in figures."""
    return _Report(report).document()


class _Report:
    """A report, each part of which is there if it is asked for."""

    def __init__(self, report: ReportContent) -> None:
        self._report, self._parts = report, frozenset(report.parts)
        self._only = report.lists[0].name if len(report.lists) == 1 else ""

    def document(self) -> shapes.ReportOfMessage:
        report = self._report
        return shapes.ReportOfMessage(
            name=plain(report.name),
            due=time_of(report.due),
            late=report.late,
            compare=report.compare,
            metric=_metric(report.metric, report.label, report.unit),
            sum_metric=_metric(report.sum_metric, report.sum_label, report.sum_unit),
            lists=[*map(_list, report.lists)],
            sums=[*map(_sum, report.sums)],
            movers=shapes.MoversOfReport(
                report.rising, report.falling, self._products(report.movers, Unit(report.unit))
            )
            if "movers" in self._parts
            else None,
            entered=self._part("entered", report.entered, report.all_entered),
            left=self._part("left", [*map(_gone, report.left)], report.all_left),
            sellers=shapes.SellersOfReport(report.all_sellers, [*map(_seller, report.sellers)])
            if "sellers" in self._parts
            else None,
            prices=self._part("prices", report.prices, report.all_prices, Unit.MONEY),
            alerts=shapes.AlertsOfReport(
                time_of(report.alerts_since), report.all_alerts, [*map(self._alert, report.alerts)]
            )
            if "alerts" in self._parts
            else None,
        )

    def _part(
        self, name: str, rows: Sequence[ReportedProduct], count: int | None,
        unit: Unit | None = None,
    ) -> shapes.ProductsOfReport | None:  # fmt: skip
        if name not in self._parts:
            return None
        return shapes.ProductsOfReport(count, self._products(rows, unit or Unit(self._report.unit)))

    def _products(
        self, rows: Iterable[ReportedProduct], unit: Unit
    ) -> list[shapes.ProductOfReport]:
        return [
            shapes.ProductOfReport(
                region=plain(each.region),
                id=plain(each.product_id),
                name=plain(each.name),
                seller=text_or_none(each.seller),
                list=text_or_none(each.list or self._only),
                value=number_or_none(each.value),
                before=number_or_none(each.before),
                currency=self._currency(unit, each.currency),
                link=product_page(each.product_id),
            )
            for each in rows
        ]

    def _alert(self, each: ReportedAlert) -> shapes.AlertOfReport:
        metric = _metric(each.metric, each.label, each.unit) if each.metric else None
        return shapes.AlertOfReport(
            alert=each.alert,
            rule=plain(each.rule),
            region=plain(each.region),
            id=plain(each.product_id),
            name=plain(each.name),
            grouped_by=each.grouped_by or None,
            since=time_of(each.since),
            became=each.fate,
            ended=time_or_none(each.ended),
            metric=metric,
            baseline=number_or_none(each.baseline),
            told=number_or_none(each.told),
            now=number_or_none(each.now),
            currency=None if metric is None else self._currency(metric.unit, each.currency),
        )

    def _currency(self, unit: Unit, of_price: str | None) -> str | None:
        if unit is Unit.GMV:
            return self._report.gmv_currency
        return text_or_none(of_price) if unit is Unit.MONEY else None


def _metric(name: str, label: str, unit: str) -> shapes.ReportedMetric:
    known = Unit(unit) if unit in frozenset(Unit) else Unit.SCORE
    return shapes.ReportedMetric(name, plain(label), known)


def _list(each: ReportedList) -> shapes.ListOfReport:
    return shapes.ListOfReport(
        name=plain(each.name),
        region=text_or_none(each.region),
        at=time_or_none(each.at),
        then=time_or_none(each.then),
        size=each.size,
        both=each.both,
        whole=each.proves,
        troubles=[*each.troubles],
    )


def _sum(each: ReportedSum) -> shapes.SumOfReport:
    regions = [plain(region) for region in each.regions.split(", ") if region]
    return shapes.SumOfReport(
        each.value, each.before, each.products, regions, text_or_none(each.currency)
    )


def _gone(each: ReportedProduct) -> ReportedProduct:
    """One that left, whose value is that of then."""
    return ReportedProduct(
        each.region, each.product_id, each.name, None, each.value, each.currency, each.seller,
        each.list,
    )  # fmt: skip


def _seller(each: ReportedSeller) -> shapes.SellerOfReport:
    return shapes.SellerOfReport(
        id=plain(each.seller),
        name=text_or_none(each.name),
        region=text_or_none(each.region),
        value=each.value,
        size=each.size,
        both=each.both,
        now=each.now if each.both else None,
        before=each.before if each.both else None,
        currency=text_or_none(each.currency),
    )

"""A report as it is at a moment, by what the store knows then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from watcher.analysis.reports.columns import JoinedLists, ReportColumns
from watcher.analysis.reports.fates import fates
from watcher.analysis.reports.lists import Pair, pairs_of, same_pairs
from watcher.analysis.reports.parts import Parts
from watcher.fields import PRICE
from watcher.model import Instant
from watcher.report import ReportContent, ReportedAlert, ReportedProduct
from watcher.rules.report import ORDER_BY, PARTS
from watcher.rules.report import PlannedReport as Asked
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.units import MINUTE

LATE = 15 * MINUTE  # after its time a report says which time it is of
ALL = 1_000_000  # rows of a part, where all are wanted


@dataclass(frozen=True, slots=True)
class Moment:
    """The time that a report is for, when it is made, and when the last one was told: None where
    there was none."""

    due: Instant
    made: Instant
    last: Instant | None = None


def compose(
    database: Store, book: Rulebook, asked: Asked, moment: Moment, *, whole: bool = False
) -> ReportContent:
    """The report, with the rows that it shows; the ``whole`` one has all."""
    return _made(database, book, asked, moment, pairs_of(database, asked, moment.made), whole=whole)


def whole_of(database: Store, book: Rulebook, told: ReportContent) -> ReportContent:
    """A report that was told, with all rows of the scans that it was made of, as far as these and
    the report are still there."""
    asked = next((each for each in book.reports if each.name == told.name), None)
    if asked is None or asked.order_by.name != told.metric:
        return told
    pairs = same_pairs(database, asked, told.lists)
    if len(pairs) < len(told.lists):
        return told
    moment = Moment(told.due, told.made, told.alerts_since)
    return _made(database, book, asked, moment, pairs, whole=True, alerts=told.alerts)


def _made(
    database: Store, book: Rulebook, asked: Asked, moment: Moment, pairs: Sequence[Pair], *,
    whole: bool, alerts: Sequence[ReportedAlert] | None = None,
) -> ReportContent:  # fmt: skip
    catalogue, order_by = book.metrics, asked.order_by
    total = order_by if asked.adds_up else catalogue[ORDER_BY]
    metrics = list({each.name: each for each in (order_by, total, catalogue[PRICE])}.values())
    columns = ReportColumns.read(database, pairs, metrics)
    parts = Parts(database, asked, columns, total, catalogue.gmv_currency, dict(book.sellers))
    most = {
        name: ALL if whole and rows else rows
        for name, rows in zip(PARTS, astuple(asked.show), strict=True)
    }
    movers, rising, falling = parts.movers()
    prices, sellers = parts.prices(), parts.sellers()
    since = moment.last if moment.last is not None else moment.made - asked.compare
    if alerts is None:
        rules = [rule for rule in book.rules if {*rule.watches} & {*asked.watches}]
        told = fates(database, book, rules, columns, (since, moment.made)) if most["alerts"] else []
    else:
        told = list(alerts)

    def listed(who: JoinedLists | None, part: str) -> tuple[ReportedProduct, ...]:
        if who is None:
            return ()
        return tuple(parts.rows(who, parts.newcomers(who)[: most[part]], order_by.name))

    return ReportContent(
        name=asked.name,
        due=moment.due,
        made=moment.made,
        compare=asked.compare,
        metric=order_by.name,
        label=order_by.label,
        unit=order_by.unit.value,
        sum_metric=total.name,
        sum_label=total.label,
        sum_unit=total.unit.value,
        alerts_since=since,
        parts=tuple(name for name in PARTS if most[name]),
        lists=tuple(
            pair.reported(*sizes) for pair, sizes in zip(pairs, columns.sizes, strict=True)
        ),
        sums=tuple(parts.sums()),
        movers=tuple(parts.rows(columns.both, movers[: most["movers"]], order_by.name)),
        rising=rising,
        falling=falling,
        entered=listed(columns.entered, "entered"),
        all_entered=len(columns.entered.keys) if columns.entered is not None else None,
        left=listed(columns.left, "left"),
        all_left=len(columns.left.keys) if columns.left is not None else None,
        sellers=tuple(sellers[: most["sellers"]]),
        all_sellers=len(sellers),
        prices=tuple(parts.rows(columns.both, prices[: most["prices"]], PRICE)),
        all_prices=len(prices),
        alerts=tuple(told[: most["alerts"]]),
        all_alerts=len(told),
        gmv_currency=catalogue.gmv_currency,
        late=moment.made - moment.due > LATE,
    )

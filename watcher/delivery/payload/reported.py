"""The shape of a report for programs: ``report`` of the document."""

from __future__ import annotations

from watcher.delivery.payload.part import Count, Part, Time
from watcher.report import FateOfAlert, ListTrouble
from watcher.units import Unit


class ReportedMetric(Part, frozen=True):
    """The metric that values are of."""

    name: str
    label: str
    unit: Unit


class ListOfReport(Part, frozen=True):
    """A list: its newest scan ``at``, and ``then``, which it is compared with. It has ``size``
    products now, ``both`` at both times. ``whole``: it tells who entered and left. ``troubles`` are
    reasons why it does not tell all."""

    name: str
    region: str | None
    at: Time | None
    then: Time | None
    size: Count
    both: Count
    whole: bool
    troubles: list[ListTrouble]


class SumOfReport(Part, frozen=True):
    """The sum over the products of both times in some ``regions``; those of one currency alone,
    which is given where it is known."""

    value: float
    before: float
    products: Count
    regions: list[str]
    currency: str | None


class ProductOfReport(Part, frozen=True):
    """A product with its ``value`` now and ``before``; of one that left, ``before`` is the last,
    and of one that entered there is none. ``list`` is the one that it is on; ``seller`` is an id,
    ``link`` the page in the shop."""

    region: str
    id: str
    name: str
    seller: str | None
    list: str | None
    value: float | None
    before: float | None
    currency: str | None
    link: str


class MoversOfReport(Part, frozen=True):
    """The products that moved most, of so many that rose and fell."""

    rising: Count
    falling: Count
    rows: list[ProductOfReport]


class ProductsOfReport(Part, frozen=True):
    """The first of ``all`` products of a part; ``all`` is null where no list knows who they are."""

    all: Count | None
    rows: list[ProductOfReport]


class SellerOfReport(Part, frozen=True):
    """A seller by the sum of its ``size`` products on the lists; ``now`` and ``before`` are sums
    over the ``both`` that were there at both times. ``name`` is the rule file's."""

    id: str
    name: str | None
    region: str | None
    value: float
    size: Count
    both: Count
    now: float | None
    before: float | None
    currency: str | None


class SellersOfReport(Part, frozen=True):
    """The first of ``all`` sellers."""

    all: Count
    rows: list[SellerOfReport]


class AlertOfReport(Part, frozen=True):
    """An alert that was told since the last report: of the ``metric`` that it spoke of the
    ``baseline``, the value that was ``told`` and that of ``now``, and what became of it."""

    alert: str
    rule: str
    region: str
    id: str
    name: str
    grouped_by: str | None
    since: Time
    became: FateOfAlert
    ended: Time | None
    metric: ReportedMetric | None
    baseline: float | None
    told: float | None
    now: float | None
    currency: str | None


class AlertsOfReport(Part, frozen=True):
    """The first of ``all`` alerts that were told ``since`` the last report."""

    since: Time
    all: Count
    rows: list[AlertOfReport]


class ReportOfMessage(Part, frozen=True):
    """The report ``name`` for the time ``due``, compared with ``compare`` seconds before. ``late``:
    it was told well after its time. A part that the rule file leaves out is null. ``sums`` and
    ``sellers`` are of ``sum_metric``, all other values of ``metric``, those of ``prices`` prices.
    """

    name: str
    due: Time
    late: bool
    compare: Count
    metric: ReportedMetric
    sum_metric: ReportedMetric
    lists: list[ListOfReport]
    sums: list[SumOfReport]
    movers: MoversOfReport | None
    entered: ProductsOfReport | None
    left: ProductsOfReport | None
    sellers: SellersOfReport | None
    prices: ProductsOfReport | None
    alerts: AlertsOfReport | None

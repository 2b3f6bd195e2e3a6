"""The content of a report before it is worded: numbers, codes and names. Stored as JSON in its
message."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from watcher.model import Instant


class ListTrouble(StrEnum):
    """A reason why a list does not tell all: it was ``never`` read; it is too ``young``, as nothing
    of so long ago is known; of now or then only a ``partial`` list is, or a part of a longer shop,
    so that nobody knows who is new and who is gone; its newest data are ``stale``."""

    NEVER = "never"
    YOUNG = "young"
    PARTIAL = "partial"
    STALE = "stale"


class FateOfAlert(StrEnum):
    """The fate of what an alert told: it went on beyond that (``GROWING``), lost half of its
    move (``FELL_BACK``), or neither (``HOLDS``); nothing is known of it (``UNKNOWN``)."""

    GROWING = "growing"
    HOLDS = "holds"
    FELL_BACK = "fell back"
    UNKNOWN = "unknown"


class ReportedList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A list that a report tells of: its scan of now, and the one that it is compared with, by id
    and time (None: there is none). ``size`` products are listed now, ``both`` at both times."""

    watch: str
    name: str
    region: str
    scan: int | None = None
    at: Instant | None = None
    then_scan: int | None = None
    then: Instant | None = None
    size: int = 0
    both: int = 0
    proves: bool = True
    troubles: tuple[ListTrouble, ...] = ()


class ReportedProduct(msgspec.Struct, frozen=True, omit_defaults=True):
    """A product in a part of a report, with its ``value`` now and ``before``. ``list`` is the name
    of that which it is on, where the report has several."""

    region: str
    product_id: str
    name: str
    value: float | None = None
    before: float | None = None
    currency: str | None = None
    seller: str = ""
    list: str = ""


class ReportedSum(msgspec.Struct, frozen=True, omit_defaults=True):
    """The sum over the products of both times in some ``regions``; those of one currency alone,
    which is given where it is known."""

    value: float
    before: float
    products: int
    regions: str
    currency: str | None = None


class ReportedSeller(msgspec.Struct, frozen=True, omit_defaults=True):
    """A seller by the sum of its products on the lists: ``value`` of all ``size``; of the ``both``
    that were there at both times the sum ``now`` and ``before``."""

    seller: str
    region: str
    value: float
    size: int
    both: int = 0
    now: float = 0.0
    before: float = 0.0
    name: str = ""
    currency: str | None = None


class ReportedAlert(msgspec.Struct, frozen=True, omit_defaults=True):
    """An alert that was told since the last report: of the ``metric`` that it spoke of the
    ``baseline``, the value that was ``told`` and the one ``now``. ``ended`` says when it did."""

    alert: str
    rule: str
    region: str
    product_id: str
    name: str
    since: Instant
    fate: FateOfAlert
    ended: Instant | None = None
    metric: str = ""
    label: str = ""
    unit: str = ""
    baseline: float | None = None
    told: float | None = None
    now: float | None = None
    currency: str | None = None
    grouped_by: str = ""


class ReportContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole report ``name`` for the time ``due``, made at ``made``: of the ``metric``, compared
    with ``compare`` seconds before. Sums are of ``sum_metric``, which may be another: prices don't
    add up. Each part has the rows that are shown, and beside it how many there are; who ``entered``
    and ``left`` is None where no list knows it. ``alerts_since`` is when the last report was told.
    ``parts`` are those that are asked for, ``late``: it was told well after its time."""

    name: str
    due: Instant
    made: Instant
    compare: int
    metric: str
    label: str
    unit: str
    sum_metric: str
    sum_label: str
    sum_unit: str
    alerts_since: Instant
    parts: tuple[str, ...]
    lists: tuple[ReportedList, ...] = ()
    sums: tuple[ReportedSum, ...] = ()
    movers: tuple[ReportedProduct, ...] = ()
    rising: int = 0
    falling: int = 0
    entered: tuple[ReportedProduct, ...] = ()
    all_entered: int | None = None
    left: tuple[ReportedProduct, ...] = ()
    all_left: int | None = None
    sellers: tuple[ReportedSeller, ...] = ()
    all_sellers: int = 0
    prices: tuple[ReportedProduct, ...] = ()
    all_prices: int = 0
    alerts: tuple[ReportedAlert, ...] = ()
    all_alerts: int = 0
    gmv_currency: str | None = None
    late: bool = False

    @property
    def several(self) -> bool:
        """Whether it has more than one list."""
        return len(self.lists) > 1

    @property
    def data_at(self) -> Instant | None:
        """The time of its newest data."""
        return max((each.at for each in self.lists if each.at is not None), default=None)

"""A report of the rule file: which lists it tells of, when, and how much."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from watcher.identity import digest
from watcher.rules.metric import Metric
from watcher.schedule import Cron
from watcher.units import DAY, Unit

if TYPE_CHECKING:  # a rulebook holds reports
    from watcher.rules.rulebook import Watch

COMPARE = 7 * DAY
ORDER_BY = "total_sale_gmv_7d_amt"


@dataclass(frozen=True, slots=True)
class ShownParts:
    """The rows that each part of a report shows; 0 leaves the part out."""

    movers: int = 10
    entered: int = 5
    left: int = 5
    sellers: int = 5
    prices: int = 5
    alerts: int = 10


PARTS = tuple(ShownParts.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class PlannedReport:
    """A report on the products of some ``watches``, told to channels ``at`` times, whether
    anything fired or not. Products are compared with ``compare`` seconds before, by ``order_by``:
    the largest changes first, in whichever direction, or only rises first (``rising`` is True) or
    falls (False)."""

    name: str
    at: Cron
    watches: tuple[Watch, ...]
    order_by: Metric
    compare: int = COMPARE
    show: ShownParts = ShownParts()
    notify: tuple[str, ...] = ()
    rising: bool | None = None
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def watched(self) -> str:
        """The names of the watches."""
        return ", ".join(watch.name for watch in self.watches)

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that the watches are of, as far as they are of any."""
        return tuple(dict.fromkeys(filter(None, (each.query.region for each in self.watches))))

    @property
    def zone(self) -> tzinfo:
        """The zone of its times."""
        return ZoneInfo(self.at.timezone)

    @property
    def schedule(self) -> str:
        """The digest of its times: where these change, none of before is made up for."""
        return digest(self.at.written)

    @property
    def adds_up(self) -> bool:
        """Whether a sum of ``order_by`` over products means anything: of prices or shares none
        does."""
        return self.order_by.unit in (Unit.COUNT, Unit.GMV)

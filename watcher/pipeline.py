"""A scan in, one transaction out: observations, verdicts, alerts, notifications. Synchronous, and
the time is an argument: the daemon, ``once``, the demo's past and rule tests all call ``evaluate``:
it records the scan, and has an ``Evaluator`` do what follows from that. A replay asks only for the
latter, of scans that are recorded long since. It runs on the store's thread. Alerts live on the
scan's own time (``at``), so that a timer that comes a second late does not make ``for: 24h`` wait
another day; one that the clock has not reached (it was set back) counts as now."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from watcher.alert import Alert
from watcher.evaluation.judging import Judging
from watcher.evaluation.jumps import Jump
from watcher.evaluation.list_facts import with_facts
from watcher.evaluation.stepping import Judged, Moved
from watcher.evaluation.table import ScanTable
from watcher.evaluation.tabling import tabled
from watcher.message import Message
from watcher.model import Instant, Scan, ScanState
from watcher.notification.notify import Teller
from watcher.notification.policy import NotifyPolicy, OpenRound
from watcher.notification.products import Products
from watcher.notification.round_end import RoundEnd
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import Rule, muters_first
from watcher.store.past import Archive
from watcher.store.ports import Store

Report = Callable[[Message], None]


@dataclass(slots=True)
class Keys:
    """Alerts and their products by their keys in the store: there may be very many."""

    alerts: array[int] = field(default_factory=lambda: array("q"))
    products: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.alerts)

    def add(self, alerts: Iterable[Alert]) -> None:
        """These as well."""
        for alert in alerts:
            self.alerts.append(alert.id)
            self.products.append(alert.product)


@dataclass(frozen=True, slots=True)
class Sequel:
    """Consequences of a recorded scan: by rule the alerts that began to fire and that ended, the
    ids of the notifications written, and how each rule was judged. ``waits`` are the channels that
    something of it waits for in an open round, ``told`` those that were told what had waited."""

    fired: Mapping[str, Keys]
    resolved: Mapping[str, Keys]
    notifications: tuple[int, ...]
    judged: tuple[Judged, ...]
    waits: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """Changes by a scan: observations written, alerts that began to fire or ended, and the ids of
    the notifications written; how each rule was judged; and whether sales jumped. ``waits`` and
    ``told`` are the channels as above."""

    scan: Scan
    changed: int = 0
    fired: Keys = field(default_factory=Keys)
    resolved: Keys = field(default_factory=Keys)
    notifications: tuple[int, ...] = ()
    judged: tuple[Judged, ...] = ()
    jump: Jump | None = None
    waits: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


def evaluate(
    database: Store,
    scan: Scan,
    rules: Sequence[Rule],
    policies: Mapping[str, NotifyPolicy],
    catalogue: Catalogue,
    now: Instant,
    *,
    report: Report | None = None,
    round_: OpenRound | None = None,
) -> ScanOutcome:
    """Record ``scan`` and all that follows from it for ``rules``, those of its watch, in one
    transaction. ``now`` is the clock's, for the outbox. ``report`` hears, for each rule of which
    something began or ended, of that, whoever else is told. Without a ``round_`` the scan is one
    of its own."""
    with database.atomic():
        if database.times.ahead(now):
            database.times.mend(now)
        scan = with_facts(database, scan)
        recorded = database.history.record(scan)
        if scan.state is ScanState.FAILED:
            return ScanOutcome(scan)
        table, jump = tabled(database, scan, recorded, rules)
        evaluator = Evaluator(database, database, policies, catalogue)
        sequel = evaluator.follow(table, rules, now, report=report, round_=round_)
        fired, resolved = (_joined(each) for each in (sequel.fired, sequel.resolved))
        return ScanOutcome(
            scan, recorded.changed, fired, resolved, sequel.notifications, sequel.judged, jump,
            sequel.waits, sequel.told,
        )  # fmt: skip


def _joined(by_rule: Mapping[str, Keys]) -> Keys:
    joined = Keys()
    for keys in by_rule.values():
        joined.alerts.extend(keys.alerts)
        joined.products.extend(keys.products)
    return joined


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Draws the consequences of recorded scans, alerts and messages, in ``database``. ``archive``
    is asked what was seen, of which the daemon's database is one itself."""

    database: Store
    archive: Archive
    policies: Mapping[str, NotifyPolicy]
    catalogue: Catalogue

    def follow(
        self,
        table: ScanTable,
        rules: Sequence[Rule],
        now: Instant,
        *,
        report: Report | None = None,
        round_: OpenRound | None = None,
    ) -> Sequel:
        """Move and tell of the alerts of ``rules``, those of the watch of a recorded scan.
        ``table`` has the baselines that they need, and says whether what compares waits."""
        at, rules = min(table.at, now), muters_first(rules)
        groups = self.database.held.groups()
        ending = RoundEnd(self.database, self.archive, self.policies, now, round_)
        rounds = ending.waits(groups)
        judging = Judging(self.database, self.archive, table, rules, at)
        products = Products(self.archive.history, judging.present, self.catalogue)
        teller = Teller(self.database, products, self.policies, at, now, ending.holds(rounds))
        fired, resolved = ({rule.name: Keys() for rule in rules} for _ in range(2))
        for group in judging.moves(lambda live_of, live: teller.silent(live_of, live, groups)):
            teller.gather([(moved.rule, moved.speaking) for moved in group])
            for moved in group:
                fired[moved.rule.name].add(moved.fired)
                resolved[moved.rule.name].add(moved.resolved)
            if report is not None:
                _report(group, teller, report)
        teller.tell()
        told = ending.over(rounds, teller.urgent)
        written = (*teller.written, *ending.tell(rounds, told))
        waits = frozenset(teller.waits - told)
        return Sequel(fired, resolved, written, tuple(judging.judged), waits, told)


def _report(group: Iterable[Moved], teller: Teller, report: Report) -> None:
    for moved in group:
        if moved.fired or moved.resolved:
            report(teller.summary(moved.rule, moved.fired, moved.resolved))

"""What a rule would have told over the stored history.

The stored scans are played once more through the ordinary evaluation, in memory; the database is
only read. The rule begins with the first scan of the time, as if it had been written then: what
already holds at that moment is told at once. Scans before are only recorded, so that baselines
exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from watcher.alerting.lastknown import last_reach
from watcher.alerting.products import FACTS
from watcher.alerting.replay import NOBODY, Played, Player, Sent
from watcher.errors import WatcherError
from watcher.model import Instant, Scan
from watcher.rules.conditions.base import Ago, Last, LastList, Need
from watcher.rules.metrics import OF_SCAN, RANK, Catalogue
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.database import Database
from watcher.store.former import known_since
from watcher.store.replaying import Extent, PastScans, last_complete_before
from watcher.units import WEEK

MOST_TOLD = 10

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class OftenTold:
    """A product, and how many times some message told that the rule fires for it."""

    product_id: str
    name: str
    times: int
    last: Instant


@dataclass(frozen=True, slots=True)
class Channel:
    """What one channel would have heard; ``a_week`` is None where one scan is all there is."""

    name: str
    messages: int
    a_week: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """The rule over ``scans`` scans from ``since`` to ``until``.

    ``fired`` and ``ended`` count alerts that began to fire and that ended, ``firing`` those that
    fire at the end; ``products`` counts the distinct products that fired. ``texts_since`` is from
    when on the texts that the rule judges are known as they were, where that is later than
    ``since``: before it the oldest known ones are used.
    """

    rule: str
    watch: str
    region: str
    since: Instant
    until: Instant
    scans: int
    fired: int
    ended: int
    firing: int
    products: int
    channels: tuple[Channel, ...]
    often: tuple[OftenTold, ...]
    told: tuple[Sent, ...]
    texts_since: Instant | None = None

    @property
    def heard(self) -> bool:
        """Whether the rule names a channel: else it is shown what one would have heard."""
        return all(channel.name != NOBODY for channel in self.channels)


def backtest(
    source: Database,
    book: Rulebook,
    rule: Rule,
    time: tuple[Instant, Instant],
    progress: Progress | None = None,
) -> Backtest:
    """Play the scans of ``rule``'s watch in ``time``, its begin and end.

    ``progress`` hears how many scans are done, and of how many. Raises ``WatcherError`` where
    there is no scan to play.
    """
    since, until = time
    with source.snapshot(), Player(book, [rule], held=True) as player:
        past = PastScans(source, _extent(source, rule, since))
        tally = _Tally(rule)
        for done, scan in enumerate(past.scans(), start=1):
            if scan.watch == rule.watch.key and since <= scan.at <= until:
                tally.play(player, scan)
            else:
                player.remember(scan)
            if progress is not None:
                progress(done, len(past))
        tally.wait(player, until)
        found = tally.result(player)
        texts = known_since(source) if any(_judges_texts(rule)) else None
        return replace(found, texts_since=texts) if texts and texts > found.since else found


class _Tally:
    """Counts while the scans are played."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._ats: list[Instant] = []
        self._fired = self._ended = 0
        self._products = set[int]()
        self._told: list[Sent] = []
        self._times = Counter[int]()
        self._last: dict[int, Instant] = {}

    def play(self, player: Player, scan: Scan) -> None:
        """One more scan of the time. A gate that opens just when it was due opened before it."""
        self.wait(player, scan.at)
        played = player.play(scan)
        outcome = played.outcome
        self._ats.append(scan.at)
        if outcome is not None:
            self._fired += len(outcome.fired)
            self._ended += len(outcome.resolved)
            self._products.update(outcome.fired.products)
        self._hear(played)

    def wait(self, player: Player, until: Instant) -> None:
        """What quiet hours or a digest held up to then is told."""
        for played in player.wait(until):
            self._hear(played)

    def _hear(self, played: Played) -> None:
        self._told += played.sent
        self._times.update(played.fires)
        self._last.update(dict.fromkeys(played.fires, played.at))

    def result(self, player: Player) -> Backtest:
        """The sums."""
        rule = self._rule
        if not self._ats:
            raise WatcherError(
                f"no stored scan of the watch {rule.watch.name} is in that time: a rule can be "
                "tried on what `watcher run` has read for its watch (--days takes more of it; a "
                "watch whose query or schedule was changed is a new one)"
            )
        firing = sum(alert.fired_at is not None for alert in player.alerts())
        channels = rule.notify or (NOBODY,)
        return Backtest(
            rule=rule.name,
            watch=rule.watch.name,
            region=rule.watch.query.region,
            since=self._ats[0],
            until=self._ats[-1],
            scans=len(self._ats),
            fired=self._fired,
            ended=self._ended,
            firing=firing,
            products=len(self._products),
            channels=tuple(self._channel(name) for name in channels),
            often=tuple(self._often(player)),
            told=tuple(self._told),
        )

    def _channel(self, name: str) -> Channel:
        count = sum(told.channel == name for told in self._told)
        return Channel(name, count, self._a_week(count))

    def _a_week(self, count: int) -> float | None:
        """Each scan stands for the time up to the next one, the last for as long as the others."""
        scans, span = len(self._ats), self._ats[-1] - self._ats[0]
        if scans < 2 or not span:
            return None
        return count * WEEK * (scans - 1) / (span * scans)

    def _often(self, player: Player) -> Iterator[OftenTold]:
        times, last = self._times, self._last
        # Of equals those told last come first: they matter now.
        most = sorted(times, key=lambda product: (-times[product], -last[product]))[:MOST_TOLD]
        facts = player.database.history.facts(most)
        for product in most:
            found = facts[product]
            yield OftenTold(found.product_id, found.name, times[product], last[product])


def _extent(source: Database, rule: Rule, since: Instant) -> Extent:
    """What to read: the time itself, and as much before it as the rule looks back."""
    conditions = [each for each in (rule.when, rule.until) if each is not None]
    needs = [need for condition in conditions for need in condition.needs]
    needs += rule.order_by.needs
    metrics = [metric for condition in conditions for metric in condition.metrics]
    metrics += rule.order_by.metrics
    names = {name for metric in metrics for name in metric.needs}
    names |= {name for need in needs for name in need.metric.needs}
    start = since - max((_looks_back(rule, need) for need in needs), default=0)
    complete = last_complete_before(source, rule.watch.key, since)
    return Extent(
        watch=rule.watch.key,
        region=rule.watch.query.region,
        since=min(start, complete if complete is not None else start),
        fields=tuple(sorted((names | _shown()) - OF_SCAN)),
        # Of numbers other watches' scans are baselines too; of ranks only this one's are.
        others=any(
            not isinstance(need.from_, Last | LastList) and need.metric.needs != {RANK}
            for need in needs
        ),
    )


def _judges_texts(rule: Rule) -> Iterator[bool]:
    for condition in (rule.when, rule.until):
        yield condition is not None and bool(condition.attributes)


def _looks_back(rule: Rule, need: Need) -> int:
    """Seconds before now from which a baseline may be taken, also where sales had jumped just
    before; the last sight is always there."""
    reach = last_reach(rule.watch.schedule)
    match need.from_:
        case Last() | LastList():
            return reach
        case Ago(seconds) as ago:
            return max(reach, seconds + ago.older)
        case over:
            return max(reach, over.seconds)


def _shown() -> set[str]:
    """The fields of the values that messages show of every product."""
    catalogue = Catalogue()
    return {name for fact in FACTS for name in catalogue[fact].needs}

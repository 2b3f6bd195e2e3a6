"""Rules tried on the stored history, in memory, as if written at its begin: what holds then is told
at once. Scans before are only there so that baselines exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from watcher.alert import AlertState
from watcher.analysis.readings import Reading, without_collection
from watcher.analysis.replay import NOBODY, Played, Progress, Replay, Sent
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.pipeline import Keys
from watcher.rules.rulebook import Rule, Rulebook, with_muters
from watcher.store.ports import Store
from watcher.units import WEEK, plural

MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class OftenTold:
    """A product, and how often the channel that hears most of it was told that the rule fires."""

    product_id: str
    name: str
    times: int
    last: Instant


@dataclass(frozen=True, slots=True)
class ChannelSum:
    """Messages that one channel would have heard; ``a_week`` is None of a single scan."""

    name: str
    messages: int
    a_week: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """The rule over ``scans`` scans: alerts that began to fire, ended, and fire at the end. Before
    ``texts_since`` the oldest known texts are used; None where that concerns no scan."""

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
    channels: tuple[ChannelSum, ...]
    often: tuple[OftenTold, ...]
    told: tuple[Sent, ...]
    texts_since: Instant | None = None

    @property
    def heard(self) -> bool:
        """Whether the rule names a channel: else it is shown what one would have heard."""
        return all(channel.name != NOBODY for channel in self.channels)


@dataclass(frozen=True, slots=True)
class Backtests:
    """Several rules together, as a file has them: a digest tells of all of them at once. ``unread``
    names the rules of whose watch no scan is stored in that time; ``scans`` are those of all."""

    rules: tuple[Backtest, ...]
    channels: tuple[ChannelSum, ...]
    told: tuple[Sent, ...]
    unread: tuple[str, ...] = ()
    scans: int = 0


def backtest(
    source: Store,
    book: Rulebook,
    rule: Rule,
    time: tuple[Instant, Instant],
    progress: Progress | None = None,
) -> Backtest:
    """Play the scans of ``rule``'s watch in ``time`` (begin and end), as ``backtests`` does."""
    (found,) = backtests(source, book, [rule], time, progress).rules
    return found


@without_collection()
def backtests(
    source: Store,
    book: Rulebook,
    rules: Sequence[Rule],
    time: tuple[Instant, Instant],
    progress: Progress | None = None,
) -> Backtests:
    """Play the scans of the watches of ``rules`` to all of them, from one read, and to those by
    whom they are muted. Raises ``WatcherError`` where there is no scan to play for any."""
    with source.snapshot():
        reading = Reading(source, with_muters(rules, book), time)
        return played_to(reading, source, book, rules, progress)


def played_to(
    reading: Reading,
    source: Store,
    book: Rulebook,
    rules: Sequence[Rule],
    progress: Progress | None = None,
) -> Backtests:
    """``backtests`` of what was read for these rules and those by whom they are muted."""
    everyone = with_muters(rules, book)
    tallies = {rule.name: _Tally(rule) for rule in rules}
    told: list[Sent] = []
    scans = 0
    with Replay(reading, book, everyone, every=False) as replay:
        for played in replay.run(progress):
            told += (sent for sent in played.sent if not tallies.keys().isdisjoint(sent.rules))
            scans += any(rule.reads(played.watch or "") for rule in rules)
            _hear(tallies, played)
        texts = source.history.texts_known_since()
        counts = replay.database.alerts.counts()
        found = [
            tally.result(replay, counts.get((name, AlertState.FIRING), 0), texts)
            for name, tally in tallies.items()
            if tally.scans
        ]
    if not found:
        raise WatcherError(_unread(rules))
    return Backtests(
        tuple(found),
        tuple(_channels(rules, told, found)),
        tuple(told),
        tuple(name for name, tally in tallies.items() if not tally.scans),
        scans,
    )


def _channels(
    rules: Sequence[Rule], told: Sequence[Sent], results: Sequence[Backtest]
) -> Iterator[ChannelSum]:
    """Yield the sum of each channel; a week is that of the watch read for longest."""
    longest = max(results, key=lambda each: each.until - each.since)
    for name in dict.fromkeys(name for rule in rules for name in rule.notify or (NOBODY,)):
        count = sum(each.channel == name for each in told)
        yield ChannelSum(name, count, _a_week(count, longest.scans, longest.since, longest.until))


def _unread(rules: Sequence[Rule]) -> str:
    watches = dict.fromkeys(watch.name for rule in rules for watch in rule.watches)
    named = f"{plural(len(watches), 'watch', 'watches')} {', '.join(watches)}"
    return (
        f"no stored scan of the {named} is in that time: a rule can be tried on what "
        "`watcher run` has read for its watch (--days takes more of it; a watch whose query was "
        "changed is a new one)"
    )


def _hear(tallies: Mapping[str, _Tally], played: Played) -> None:
    """Count one more scan, or moment between two; there may be many rules, and much told. Of who
    only mutes nothing is counted."""
    if played.scan is not None:
        for name in played.fired.keys() & tallies.keys():
            tallies[name].scanned(played.scan, played.fired[name], played.ended[name])
    for sent in played.sent:
        for name in filter(tallies.__contains__, sent.rules):
            tallies[name].told.append(sent)
    for (name, channel), products in _fires(played).items():
        if name in tallies:
            tallies[name].hear(channel, products, played.at)


def _fires(played: Played) -> Mapping[tuple[str, str], set[int]]:
    """The products of which each channel was told that a rule fires."""
    found: dict[tuple[str, str], set[int]] = {}
    for each in played.told:
        if not each.decision.of_an_end:
            found.setdefault((each.rule, each.channel), set()).add(each.product)
    return found


class _Tally:
    """Counts what concerns one rule while scans are played."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._ats: list[Instant] = []
        self._fired = self._ended = 0
        self._products = set[int]()
        self.told: list[Sent] = []
        self._times: dict[str, Counter[int]] = {}  # by channel
        self._last: dict[int, Instant] = {}

    @property
    def scans(self) -> int:
        return len(self._ats)

    def scanned(self, at: Instant, fired: Keys, ended: Keys) -> None:
        """Count one more scan of its watch, and what it changed."""
        self._ats.append(at)
        self._fired += len(fired)
        self._ended += len(ended)
        self._products.update(fired.products)

    def hear(self, channel: str, products: set[int], at: Instant) -> None:
        """Note that a channel was told that the rule fires for these products."""
        self._times.setdefault(channel, Counter()).update(products)
        self._last.update(dict.fromkeys(products, at))

    def result(self, replay: Replay, firing: int, texts: Instant | None) -> Backtest:
        rule, since, until = self._rule, self._ats[0], self._ats[-1]
        attributes = [each.attributes for each in rule.spoken]
        counts = Counter(told.channel for told in self.told)
        return Backtest(
            rule=rule.name,
            watch=rule.watched,
            region=rule.regions,
            since=since,
            until=until,
            scans=self.scans,
            fired=self._fired,
            ended=self._ended,
            firing=firing,
            products=len(self._products),
            channels=tuple(
                ChannelSum(name, counts[name], _a_week(counts[name], self.scans, since, until))
                for name in rule.notify or (NOBODY,)
            ),
            often=tuple(self._often(replay)),
            told=tuple(self.told),
            texts_since=texts if texts and texts > since and any(attributes) else None,
        )

    def _often(self, replay: Replay) -> Iterator[OftenTold]:
        # That a second channel hears of it later, as after a quiet night, is no second time.
        times, last = reduce(or_, self._times.values(), Counter[int]()), self._last
        # Of equals those told last come first: they matter now.
        most = sorted(times, key=lambda product: (-times[product], -last[product]))[:MOST_TOLD]
        facts = replay.past.facts(most)
        for product in most:
            found = facts[product]
            yield OftenTold(found.product_id, found.name, times[product], last[product])


def _a_week(count: int, scans: int, since: Instant, until: Instant) -> float | None:
    """Each scan stands for the time up to the next one, the last for as long as the others."""
    if scans < 2 or since == until:
        return None
    return count * WEEK * (scans - 1) / ((until - since) * scans)

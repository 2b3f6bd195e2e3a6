"""Lists that are read deeper than their rules ever looked: for ``watcher check``. Where in the last
30 days no alert began below a place, a smaller ``top`` is enough, and costs less. What an
alert compared with counts, too: without the value of before it would not have begun. And so does
where those are that fire now: they must not end by it. And shops that are not read to their end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.alert import AlertState
from watcher.analysis.forecast import MONTH_DAYS, requests_of
from watcher.evaluation.last_known import last_reach
from watcher.evaluation.statistics import over_of, reach
from watcher.model import Bools, Floats, Instant, Ints
from watcher.rules.conditions.base import Ago, Last, Need
from watcher.rules.conditions.logic import leaves
from watcher.rules.conditions.peers import AmongPeers
from watcher.rules.conditions.ranking import Top
from watcher.rules.metrics import RANK
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.schedule import slack
from watcher.source.endpoint import Gives
from watcher.store.ports import Store
from watcher.store.records import Begun, WindowQuery
from watcher.units import DAY, count_of

DAYS = 30  # of history
_ENOUGH = 2 / 3  # of the scans that were due in that time


@dataclass(frozen=True, slots=True)
class Shallower:
    """``alerts`` of a watch's rules began in ``days`` days, the lowest of them at the place
    ``began``; what they compared with, and what fires now, at ``deepest`` at most. With ``smaller``
    in place of ``top`` a month costs ``saves`` credits less."""

    watch: str
    days: int
    alerts: int
    began: int
    deepest: int
    top: int
    smaller: int
    saves: float

    def __str__(self) -> str:
        compared = ""
        if self.deepest > self.began:
            compared = f", what they compared with or fires now not below {self.deepest:,}"
        return (
            f"{self.watch}: in {self.days} days {count_of(self.alerts, 'alert')} began, none below "
            f"rank {self.began:,} of {self.top:,}{compared}: with top: {self.smaller} it saves "
            f"{count_of(round(self.saves), 'credit')} in 30 days; what falls below that place has "
            "then left the list"
        )


def shallower(
    database: Store, book: Rulebook, pages: Mapping[str, int], now: Instant
) -> Iterator[Shallower]:
    """Yield the watches that a smaller ``top`` would serve as well; ``pages`` is how many each had.
    Nothing is said where less than 30 days are known, or a rule was written since."""
    since = now - DAYS * DAY
    if book.keep.notifications < DAYS * DAY:
        return
    known = database.rules.known_before(since)
    for watch in book.used_watches:
        rules = book.rules_of(watch)
        written = all((rule.name, rule.fingerprint) in known for rule in rules)
        if watch.query.ranked and written and not any(map(_needs_all, rules)):
            found = _of_watch(database, watch, rules, pages.get(watch.key, 0), (since, now))
            if found is not None:
                yield found


def _needs_all(rule: Rule) -> bool:
    """Whether the rule asks who is on the list at all, or speaks of many of its products: of a
    shorter one the answer is another."""
    if rule.group is not None or rule.figures:
        return True
    return any(
        isinstance(leaf, AmongPeers)
        or (isinstance(leaf, Top) and leaf.leaves)
        or not (leaf.metrics or leaf.attributes)
        for condition in rule.spoken
        for leaf in leaves(condition)
    )


def _of_watch(
    database: Store, watch: Watch, rules: Sequence[Rule], pages: int, time: tuple[Instant, Instant]
) -> Shallower | None:
    since, now = time
    if database.history.last_proof_before(watch.key, since) is None:
        return None
    begun = database.alerts.begun([rule.name for rule in rules], watch.key, since)
    depths = _Depths(database, watch, rules, begun, time)
    if not begun or depths.scans < _ENOUGH * watch.schedule.scans_between(since, now):
        return None
    found = [depths.of(each) for each in begun]
    places = [each for each in found if each is not None]
    if not places:
        return None
    began, compared = (int(max(column)) for column in zip(*places, strict=True))
    asked = max([began, compared, depths.now(), *map(_enters, rules)])
    size = watch.query.endpoint.page_size
    smaller = -(-asked // size) * size
    query = dataclasses.replace(watch.query, top=smaller)
    less = requests_of(watch, pages) - requests_of(dataclasses.replace(watch, query=query), pages)
    if smaller >= watch.query.top or less <= 0:
        return None
    scans = watch.schedule.scans_between(now, now + MONTH_DAYS * DAY)
    return Shallower(
        watch.name, DAYS, len(places), began, asked, watch.query.top, smaller, less * scans
    )


def _enters(rule: Rule) -> int:
    """The most places of a top that a product enters: so many must be read."""
    tops = [leaf.places for leaf in leaves(rule.when) if isinstance(leaf, Top)]
    return max(tops, default=0)


class _Depths:
    """The places of some products on a list, scan by scan."""

    def __init__(
        self,
        database: Store,
        watch: Watch,
        rules: Sequence[Rule],
        begun: Sequence[Begun],
        time: tuple[Instant, Instant],
    ) -> None:
        self._schedule = watch.schedule
        self._needs = {rule.name: _needs_of(rule) for rule in rules}
        self._for = {rule.name: rule.for_ for rule in rules}
        since, now = time
        live = database.alerts.live([rule.name for rule in rules])
        self._firing = [each.product for each in live if each.state is AlertState.FIRING]
        back = max((self._back(rule.name) for rule in rules), default=0)
        self._at: Ints = np.zeros(0, np.int64)
        self._ranks: dict[int, Floats] = {}
        asked = [*(each.product for each in begun), *self._firing]
        products = np.unique(np.array(asked, np.int64))
        if len(products):
            within = (since - back, now + 1)
            query = WindowQuery(watch.key, watch.query.region, products, within, [RANK], own=True)
            for window in database.history.windows(query):
                self._at = window.at
                for place, product in enumerate(products[window.rows].tolist()):
                    self._ranks[product] = window.values[RANK][:, place]
        self.scans = int(np.count_nonzero(self._at >= since))

    def now(self) -> int:
        """The lowest place of what fires now, where it was seen last."""
        places = [self._ranks[each] for each in self._firing if each in self._ranks]
        last = [ranks[~np.isnan(ranks)][-1:] for ranks in places]
        return int(np.concatenate([np.zeros(1), *last]).max())

    def of(self, begun: Begun) -> tuple[float, float] | None:
        """The place at which an alert began, and the lowest of what it compared with; None of one
        that no scan of this watch began."""
        ranks = self._ranks[begun.product]
        known = ~np.isnan(ranks)
        here = ranks[known & (self._at == begun.fired_at)]
        if not len(here):
            return None
        waited = known & (self._at <= begun.fired_at)
        waited &= self._at >= begun.fired_at - self._for[begun.rule]
        past = [
            self._lowest(need, ranks, known & (self._at < begun.fired_at), begun.fired_at)
            for need in self._needs[begun.rule]
        ]
        return float(here[0]), max([float(ranks[waited].max(initial=0)), *past])

    def _lowest(self, need: Need, ranks: Floats, before: Bools, at: Instant) -> float:
        """The lowest place of the observations that a baseline is taken of."""
        match need.from_:
            case Last():
                rows = np.flatnonzero(before & (self._at >= at - last_reach(self._schedule)))[-1:]
            case Ago(seconds) as ago:
                end = at - seconds + slack(self._schedule, seconds)
                near = (self._at <= end) & (self._at >= at - seconds - ago.older)
                rows = np.flatnonzero(before & near)[-1:]
            case _:
                over = over_of(need)
                seconds = reach(over, self._schedule) if over is not None else 0
                rows = np.flatnonzero(before & (self._at >= at - seconds))
        return float(ranks[rows].max(initial=0))

    def _back(self, rule: str) -> int:
        """Seconds before an alert of which something plays a part in it."""
        backs = [self._for[rule]]
        for need in self._needs[rule]:
            over = over_of(need)
            if isinstance(need.from_, Ago):
                backs.append(need.from_.seconds + need.from_.older)
            elif over is not None:
                backs.append(reach(over, self._schedule))
            elif isinstance(need.from_, Last):
                backs.append(last_reach(self._schedule))
        return max(backs)


def _needs_of(rule: Rule) -> list[Need]:
    return list(dict.fromkeys(need for each in rule.spoken for need in each.needs))


# Of a shop that is longer than what is read of it: what that means, and what to do.
MORE = (
    "the shop has no end at its top of {}: of the products behind it nothing is known, so appears, "
    "reappears and disappears have no data, and nobody is gone; raise top"
)


def longer_shops(database: Store, watches: Iterable[Watch]) -> list[Watch]:
    """The shops that went on behind their ``top`` when they were read whole last."""
    shops = (watch for watch in watches if watch.query.gives is Gives.SHOP)
    found = ((watch, database.history.last_complete(watch.key)) for watch in shops)
    return [watch for watch, scan in found if scan is not None and scan.cut]

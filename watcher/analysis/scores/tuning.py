"""The threshold of a rule that would have told so many alerts a week on one's own history, by
replays with other values. The stricter it is, the fewer alerts: so values over all that make sense
are tried, then some between the two next to the wanted number. What holds at the first scan is not
counted: it comes once, whatever the threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from typing import TypeAlias

import numpy as np

from watcher.analysis.readings import Reading, without_collection
from watcher.analysis.replay import Played, Progress, Replay
from watcher.analysis.scores.assessing import Assessors
from watcher.analysis.scores.claims import Measure, claim_of, weight
from watcher.analysis.scores.fates import Telling
from watcher.analysis.scores.knobs import Knob, as_written, knobs, like, written
from watcher.analysis.scores.score import BEGINS, Tally, tally_of
from watcher.errors import WatcherError
from watcher.evidence import Evidence
from watcher.model import Instant
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.units import DAY, WEEK
from watcher.words import listing, nearest, quoted

_Why: TypeAlias = tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """Alerts as told first, but for the number of those that held at the first scan, and how many
    that is a week; and the messages a week of the channel that would have heard most."""

    alerts: tuple[Telling, ...]
    at_first: int
    a_week: float
    messages_a_week: float


class Replays:
    """Scans of ``rule``'s watch to be played often, in one ``source.snapshot()``. Raises
    ``WatcherError`` where they span less than a day."""

    def __init__(
        self, source: Store, book: Rulebook, rule: Rule, time: tuple[Instant, Instant]
    ) -> None:
        self._book = book
        self._asks_why = claim_of(rule).measure is Measure.STATE
        self._reading = Reading(source, [rule], time)
        line = self._reading.matrix.timeline
        ats = [
            line.at[place]
            for place in self._reading.places
            if rule.reads(line.watches[place]) and self._reading.counts(place)
        ]
        self.scans = len(ats)
        self.since, self.until = (int(ats[0]), int(ats[-1])) if ats else (0, 0)
        if self.until - self.since < DAY:
            raise WatcherError(
                f"the stored scans of the watch {rule.watched} in that time span less than a "
                "day: a threshold is tried on what `watcher run` has read for its watch (--days "
                "takes more of it; a watch whose query was changed is a new one)"
            )

    def of(self, rules: Sequence[Rule], progress: Progress | None = None) -> Iterator[Replayed]:
        """Replay each of these forms of the rule, as if it were the only one."""
        # By names of their own; and no message has to show more than one product.
        forms = [replace(rule, name=f"{place}", limit=1) for place, rule in enumerate(rules)]
        heard = {form.name: _Heard() for form in forms}
        with Replay(self._reading, self._book, forms, every=self._asks_why) as replay:
            for played in replay.run(progress):
                _hear(heard, played)
            told = (alert for each in heard.values() for alert in each.told)
            asked = replay.database.alerts.by_id(list(told) if self._asks_why else [])
        why_of = {alert.id: alert.evidence for alert in asked}
        for each in heard.values():
            yield self._replayed(each, why_of)

    def _replayed(self, heard: _Heard, why_of: Mapping[int, _Why]) -> Replayed:
        alerts = [
            Telling(product, at, why_of.get(alert, ()), watch)
            for alert, (product, at, watch) in heard.told.items()
        ]
        late = tuple(each for each in alerts if each.at > self.since)
        weeks = (self.until - self.since) / WEEK
        # As a backtest reckons messages: the last scan stands for as long as the others.
        most = max(heard.messages.values(), default=0) / (weeks * self.scans / (self.scans - 1))
        return Replayed(late, len(alerts) - len(late), len(late) / weeks, most)


@dataclass(slots=True)
class _Heard:
    """A form of the rule: what it ``told`` first, by alert, and its messages by channel."""

    told: dict[int, tuple[int, Instant, str]] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)


def _hear(forms: Mapping[str, _Heard], played: Played) -> None:
    about = {each.alert: each for each in played.told}
    for sent in played.sent:
        at = sent.message.data_at or sent.at
        for name in sent.rules:
            forms[name].messages[sent.channel] += 1
        for alert in chain.from_iterable(sent.message.alerts.get(why, ()) for why in BEGINS):
            each = about[alert]
            forms[each.rule].told.setdefault(alert, (each.product, at, each.watch))


NEIGHBOURS = (-6, -3, 3, 6)  # places of the ladder beside the best
_AT_ONCE = 15  # values that one reading of the history is played to
_STRIDE = 4  # places of the ladder
_NEAR, _AT_MOST_OFF = 0.15, 0.5  # of what is asked for, and alerts: so near is reached


class Reached(StrEnum):
    """Whether some threshold tells about as many as asked for: else all tell ``FEWER`` or ``MORE``,
    or it leaps over the number (``LEAPS``)."""

    YES = "yes"
    FEWER = "fewer"
    MORE = "more"
    LEAPS = "leaps"


@dataclass(frozen=True, slots=True)
class Step:
    """One threshold, ``said`` as the file would say it, and what it would have told.
    ``messages_a_week`` are those of the channel that would have heard most; ``at_first`` are alerts
    held at the first scan, in none of the other numbers but the messages."""

    threshold: float
    said: str
    a_week: float
    messages_a_week: float
    alerts: int
    products: int
    at_first: int
    tally: Tally
    share: float | None
    share_at_least: float | None


@dataclass(frozen=True, slots=True)
class Tuning:
    """The findings. ``line`` is the threshold's line of the file with the best value, ``place``
    where it stands (empty where it was not found), ``others`` metrics that could be tuned."""

    rule: str
    watch: str
    metric: str
    operator: str
    per_week: float
    since: Instant
    until: Instant
    scans: int
    reached: Reached
    now: Step
    best: Step
    steps: tuple[Step, ...]
    line: str
    place: str
    others: tuple[str, ...]


def chosen_knob(rule: Rule, metric: str | None) -> Knob:
    """The threshold of the rule's score, else of a move, else the first; or that of ``metric``.
    Raises ``WatcherError``."""
    found = knobs(rule)
    if not found:
        raise WatcherError(
            f"{rule.name} has no threshold to tune: none of its conditions compares a size with a "
            "number (at_least, above, rises, climbs, unusual ...)"
        )
    if metric is None:
        return max(found, key=lambda knob: weight(knob.condition))
    names = list(dict.fromkeys(knob.metric.name for knob in found))
    for knob in found:
        if knob.metric.name == metric:
            return knob
    hint = nearest(metric, names) or f"; there are {listing(names)}"
    raise WatcherError(f"{rule.name} has no threshold of {quoted(metric)}{hint}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The number of alerts a week that ``rule`` is to tell, by turning ``knob``."""

    rule: Rule
    knob: Knob
    per_week: float


@without_collection()
def tune(
    source: Store,
    book: Rulebook,
    wanted: Wanted,
    time: tuple[Instant, Instant],
    progress: Progress | None = None,
) -> Tuning:
    """Find the threshold that would have told so many alerts in ``time``, its begin and its end
    (now). Raises ``WatcherError`` where there is too little history."""
    rule, knob, per_week = wanted.rule, wanted.knob, wanted.per_week
    ladder = knob.ladder()
    with source.snapshot():
        replays = Replays(source, book, rule, time)
        assessors = Assessors(source, replays.since, time[1])
        trials = _Trials(wanted, replays, assessors, progress)
        place = _Search(ladder, ladder.index(knob.value), per_week, trials.rates).nearest()
        near = [ladder[place + step] for step in NEIGHBOURS if 0 <= place + step < len(ladder)]
        shown = sorted({ladder[place], knob.value, *near}, reverse=knob.stricter < 0)
        steps = dict(zip(shown, trials.steps(shown), strict=True))
    best = steps[ladder[place]]
    line, stands = _edit(rule, knob, best)
    names = dict.fromkeys(each.metric.name for each in knobs(rule))
    names.pop(knob.metric.name)
    return Tuning(
        rule=rule.name,
        watch=rule.watched,
        metric=knob.metric.name,
        operator=knob.operator,
        per_week=per_week,
        since=replays.since,
        until=replays.until,
        scans=replays.scans,
        reached=_reached(best.a_week, [each.a_week for each in trials.found.values()], per_week),
        now=steps[knob.value],
        best=best,
        steps=tuple(steps.values()),
        line=line,
        place=stands,
        others=tuple(names),
    )


def _edit(rule: Rule, knob: Knob, best: Step) -> tuple[str, str]:
    """The line of the file with the best value, and where it stands, if it is found."""
    at = written(rule, knob)
    if at is None:
        return f"{knob.metric.name}: {{{knob.operator}: {best.said}}}", ""
    return at.with_value(best.threshold), f"{rule.file}:{at.line}"


class _Trials:
    """Replays of the rule with values of the knob; each value once."""

    def __init__(
        self, wanted: Wanted, replays: Replays, assessors: Assessors, progress: Progress | None
    ) -> None:
        self._rule, self._knob = wanted.rule, wanted.knob
        self._replays, self._progress = replays, progress
        self.found = dict[float, Replayed]()
        at = written(self._rule, self._knob)
        self._token = at.token if at is not None else None
        self._assessors = assessors

    def of(self, values: Sequence[float]) -> list[Replayed]:
        """Replay the rule with each of these values, unless that was done."""
        new = [value for value in dict.fromkeys(values) if value not in self.found]
        if new:
            rules = [self._knob.turned(self._rule, value) for value in new]
            found = self._replays.of(rules, self._progress)
            self.found.update(zip(new, found, strict=True))
        return [self.found[value] for value in values]

    def rates(self, values: Sequence[float]) -> list[float]:
        return [each.a_week for each in self.of(values)]

    def steps(self, values: Sequence[float]) -> list[Step]:
        return list(map(self._step, values, self.of(values)))

    def _step(self, value: float, found: Replayed) -> Step:
        tally = tally_of(self._assessors.fates(self._knob.turned(self._rule, value), found.alerts))
        said = as_written(self._knob, value) if self._token is None else like(self._token, value)
        return Step(
            threshold=value,
            said=said,
            a_week=found.a_week,
            messages_a_week=found.messages_a_week,
            alerts=len(found.alerts),
            products=len({each.product for each in found.alerts}),
            at_first=found.at_first,
            tally=tally,
            share=tally.share,
            share_at_least=tally.at_least,
        )


@dataclass(slots=True)
class _Search:
    """A search for the value of a ladder that tells as often as is ``wanted``. The rate falls along
    the ladder, or nearly so, from where it is highest. As many values are tried at once as one
    reading of the history takes."""

    ladder: Sequence[float]
    now: int
    wanted: float
    rates: Callable[[Sequence[float]], list[float]]
    known: dict[int, float] = field(default_factory=dict)  # rates by place

    def nearest(self) -> int:
        """The place of the value that comes nearest; of equals that which is nearest to now."""
        low, high = self._bounds()
        while high - low > 1:
            self._ask(_between(low, high, _AT_ONCE))
            low, high = self._narrowed(low, high)
        return min(self.known, key=self._distance)

    def _ask(self, places: Iterable[int]) -> None:
        new = [place for place in places if place not in self.known]
        found = self.rates([self.ladder[place] for place in new])
        self.known.update(zip(new, found, strict=True))

    def _suffices(self, place: int) -> bool:
        return self.known[place] >= self.wanted

    def _distance(self, place: int) -> tuple[float, int]:
        return abs(self.known[place] - self.wanted), abs(place - self.now)

    def _bounds(self) -> tuple[int, int]:
        """Two places between which the rate falls below what is wanted."""
        last = len(self.ladder) - 1
        self._ask([self.now])
        if self._suffices(self.now):
            self._ask([last])
            return self.now, last
        low, high = self._looser()
        return (low, high) if self._suffices(low) or self.now == last else self._stricter(last)

    def _looser(self) -> tuple[int, int]:
        """Look in growing strides: much looser values tell of everything there is."""
        low = high = self.now
        stride = _STRIDE
        while low > 0 and not self._suffices(low):
            low, high, stride = max(0, low - stride), low, 2 * stride
            self._ask([low])
        return low, high

    def _stricter(self, last: int) -> tuple[int, int]:
        """A limit that is far too loose tells little, too: all are beyond it at the first scan, and
        stay."""
        tried = [self.now, *_between(self.now, last, 2 * _AT_ONCE), last]
        self._ask(tried[: len(tried) // 2])
        self._ask(tried[len(tried) // 2 :])
        most = tried.index(max(tried, key=self.known.__getitem__))
        around = tried[max(0, most - 1)], tried[min(most + 1, len(tried) - 1)]
        self._ask(_between(*around, _AT_ONCE))
        low, high = self._narrowed(self.now, last)
        return (low, high) if self._suffices(low) else (low, low)

    def _narrowed(self, low: int, high: int) -> tuple[int, int]:
        """The strictest place between two that suffices, and the next that was tried."""
        tried = sorted(place for place in self.known if low <= place <= high)
        low = max(filter(self._suffices, tried), default=tried[0])
        return low, min((place for place in tried if place > low), default=low)


def _between(low: int, high: int, count: int) -> list[int]:
    """Some places between two, in equal steps."""
    inner = np.linspace(low, high, min(count, high - low - 1) + 2)[1:-1]
    return list(dict.fromkeys(round(each) for each in inner.tolist()))


def _reached(best: float, rates: Sequence[float], wanted: float) -> Reached:
    if abs(best - wanted) <= max(_NEAR * wanted, _AT_MOST_OFF):
        return Reached.YES
    if max(rates) < wanted:
        return Reached.FEWER
    return Reached.MORE if min(rates) > wanted else Reached.LEAPS

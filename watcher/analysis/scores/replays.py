"""What forms of one rule would have told over the stored history: several from one read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from watcher.analysis.readings import Reading
from watcher.analysis.replay import Progress, Replay
from watcher.analysis.scores.claims import Measure, claim_of
from watcher.analysis.scores.fates import Telling
from watcher.analysis.scores.told import BEGINS
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.units import DAY, WEEK


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a rule would have told from ``since`` to ``until``: each alert once, as it was told
    first. ``a_week`` are the messages of the channel that would have heard most."""

    since: Instant
    until: Instant
    scans: int
    alerts: tuple[Telling, ...]
    a_week: float


class Replays:
    """The scans of ``rule``'s watch in ``time`` (its begin and end), to be played as often as one
    likes, within one ``source.snapshot()``.

    Raises ``WatcherError`` where they span less than a day.
    """

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
            if line.watches[place] == rule.watch.key
            and not line.failed[place]
            and time[0] <= line.at[place] <= time[1]
        ]
        self.scans = len(ats)
        self.since, self.until = (int(ats[0]), int(ats[-1])) if ats else (0, 0)
        if self.until - self.since < DAY:
            raise WatcherError(
                f"the stored scans of the watch {rule.watch.name} in that time span less than a "
                "day: a threshold is tried on what `watcher run` has read for its watch (--days "
                "takes more of it; a watch whose query or schedule was changed is a new one)"
            )

    def of(self, rules: Sequence[Rule], progress: Progress | None = None) -> list[Replayed]:
        """What each of these forms of the rule would have told; each as if it were the only
        one."""
        # By names of their own; and no message has to show more than one product.
        forms = [replace(rule, name=f"{place}", limit=1) for place, rule in enumerate(rules)]
        told: list[dict[int, tuple[int, Instant]]] = [{} for _ in forms]
        messages = [Counter[str]() for _ in forms]
        with Replay(self._reading, self._book, forms, every=self._asks_why) as replay:
            for played in replay.run(progress):
                about = {each.alert: each for each in played.told}
                for sent in played.sent:
                    for name in sent.rules:
                        messages[int(name)][sent.channel] += 1
                    for why in BEGINS:
                        for alert in sent.message.alerts.get(why, ()):
                            each = about[alert]
                            at = sent.message.data_at or sent.at
                            told[int(each.rule)].setdefault(alert, (each.product, at))
            ids = [alert for found in told for alert in found] if self._asks_why else []
            why_of = {alert.id: alert.evidence for alert in replay.database.alerts.by_id(ids)}
        return [
            self._replayed(
                [
                    Telling(product, at, why_of.get(alert, ()))
                    for alert, (product, at) in found.items()
                ],
                heard,
            )
            for found, heard in zip(told, messages, strict=True)
        ]

    def _replayed(self, alerts: Sequence[Telling], heard: Counter[str]) -> Replayed:
        # As a backtest reckons it: the last scan stands for as long as the others.
        weeks = (self.until - self.since) / WEEK * self.scans / (self.scans - 1)
        most = max(heard.values(), default=0)
        return Replayed(self.since, self.until, self.scans, tuple(alerts), most / weeks)

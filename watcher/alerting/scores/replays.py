"""What forms of one rule would have told over the stored history: the one place that replays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from watcher.alerting.backtest import Backtest, Progress, backtest
from watcher.alerting.notices import Decision
from watcher.alerting.scores.fates import Telling
from watcher.model import Instant, Item
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.database import Database
from watcher.store.tellings import keys_of

AT_ONCE = 1  # rules that a reading of the history may as well be given
_ALL = 1_000_000  # products of a message in full: each of them is asked for
_BEGINS = (Decision.FIRES.value, Decision.MISSED.value)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a rule would have told from ``since`` to ``until``: each alert once, as it was told
    first. ``messages`` and ``a_week`` are those of the channel that would have heard most."""

    since: Instant
    until: Instant
    scans: int
    alerts: tuple[Telling, ...]
    messages: int
    a_week: float | None


def replays(
    source: Database,
    book: Rulebook,
    rules: Sequence[Rule],
    time: tuple[Instant, Instant],
    progress: Progress | None = None,
) -> list[Replayed]:
    """Each of the rules, which are all of one watch, replayed over the scans in ``time``."""
    return [
        _replayed(source, backtest(source, book, replace(rule, limit=_ALL), time, progress))
        for rule in rules
    ]


def _replayed(source: Database, found: Backtest) -> Replayed:
    told: dict[str, tuple[Item, Instant]] = {}
    for sent in found.told:
        begins = {f"A{alert}" for why in _BEGINS for alert in sent.message.alerts.get(why, ())}
        for item in sent.message.items:
            if item.alert in begins:
                told.setdefault(item.alert, (item, sent.message.data_at or sent.at))
    keys = keys_of(source, found.region, {item.product_id for item, _ in told.values()})
    most = max(found.channels, key=lambda channel: channel.messages)
    alerts = (Telling(keys[item.product_id], at, item.why) for item, at in told.values())
    return Replayed(
        found.since, found.until, found.scans, tuple(alerts), most.messages, most.a_week
    )

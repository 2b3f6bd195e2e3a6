"""The distance of a firing alert from being told again, by channel: for ``watcher explain``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo

from watcher.alert import Alert, AlertState
from watcher.analysis.reasons import Reason, reason_of
from watcher.evaluation.again import AgainTable, against_told
from watcher.evaluation.group_present import newest
from watcher.rules.conditions.base import Judge
from watcher.rules.rulebook import Rule
from watcher.store.ports import Store


@dataclass(frozen=True, slots=True)
class AgainReason:
    """The rule's ``again`` on a firing alert, against what a channel was last told with."""

    channel: str
    reason: Reason


def again_reasons(
    database: Store, rule: Rule, alert: Alert | None, zone: tzinfo
) -> Iterator[AgainReason]:
    """Yield, for each channel of the rule, how far a firing alert is from being told again."""
    if rule.again is None or alert is None or alert.state is not AlertState.FIRING:
        return
    present = newest(database, rule.watch_of(alert.watch).key, [rule], [alert.product])
    if present is None or alert.product not in present.rows:
        return
    entries = database.alerts.told(rule.name, [alert.product], with_values=True)
    told = {entry.channel: entry.told_with for entry in entries}
    for channel in rule.notify:
        row = present.rows[alert.product]
        table = AgainTable(present.judge, [row], [told.get(channel)])
        yield AgainReason(channel, _against_told(reason_of(rule.again, Judge(table), 0, zone)))


def _against_told(reason: Reason) -> Reason:
    """In words, what the conditions are held against."""
    evidence = against_told(reason.evidence) if reason.evidence is not None else None
    return replace(
        reason,
        condition=reason.condition.replace("from last", "from what was last told"),
        parts=tuple(map(_against_told, reason.parts)),
        evidence=evidence,
    )

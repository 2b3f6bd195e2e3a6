"""Every alert's decision for one look at a channel: what is owed, and what holds it.

``policy`` decides of an alert alone; here many are decided, against the log of what was told of
each, and by what else it takes: what was acknowledged, what another rule mutes, silences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from watcher.alert import Alert, NotificationLogEntry, ToldWith
from watcher.data_days import KnowsDays
from watcher.model import Instant, Severity
from watcher.notification.policy import Decision, Hold, NotifyPolicy, decide, terms_of
from watcher.rules.rulebook import Rule
from watcher.schedule import wall_day
from watcher.store.ports import Store
from watcher.store.sql.silences import HeldGroup

_REMINDED = frozenset({Decision.REMINDER, Decision.ALREADY_TOLD})


class Decided(msgspec.Struct, frozen=True, gc=False):
    """An alert, the decision on it for one channel, and the hold on it where it is owed. ``before``
    is what the channel was last told with, of a rule that tells again; ``told_as`` the highest
    severity that it was told of this alert, of a rule whose severity the data decide. What
    ``muted_by`` a rule is dropped is what was owed: ``dropped``."""

    alert: Alert
    decision: Decision
    hold: Hold | None = None
    before: ToldWith | None = None
    told_as: Severity | None = None
    muted_by: str = ""
    dropped: Decision | None = None

    @property
    def goes(self) -> bool:
        return self.decision.owed and self.hold is None

    @property
    def waits(self) -> bool:
        """Whether it is told once its hold is over: what began and ended unheard, and is silenced
        now, is not told at all."""
        hold = self.hold
        return hold is not None and not (hold.silence and self.decision is Decision.MISSED)

    @property
    def kind(self) -> str:
        """The kind of its item in a message: an end is one, whether its begin was told or not."""
        return (Decision.RESOLVED if self.decision.of_an_end else self.decision).value

    def drop(self, rule: str) -> Decided:
        """The decision where a rule mutes what was owed."""
        return msgspec.structs.replace(
            self, decision=Decision.MUTED, muted_by=rule, dropped=self.decision
        )

    def held_by(self, hold: Hold | None) -> Decided:
        """The decision with a hold, where it is owed."""
        return msgspec.structs.replace(self, hold=hold) if self.decision.owed else self


class Holds:
    """Every hold at ``now``, by the clock; ``groups`` are what is held already, ``rounds`` until
    when each channel waits for the other lists of an open round. Of data days the ``past`` knows.
    """

    def __init__(
        self,
        database: Store,
        now: Instant,
        groups: Iterable[HeldGroup] = (),
        *,
        past: KnowsDays | None = None,
        rounds: Mapping[str, Instant] | None = None,
    ) -> None:
        self._database = database
        self.past: KnowsDays = past if past is not None else database.history
        self._now = now
        self._rounds = rounds or {}
        self._since = since_of(groups)  # by channel, since when something waits for it
        self._told: dict[str, int] = {}  # messages of the day, of channels that ask
        # By rule and channel, the products that it is told of at this time.
        self._telling: dict[tuple[str, str], set[int]] = {}

    def on(self, policy: NotifyPolicy) -> Hold | None:
        """The hold on the channel as a whole, if there is one."""
        hold = policy.hold(self._now, self._since.get(policy.channel))
        return hold or self._beyond(policy) or self._of_round(policy)

    def on_rule(self, rule: Rule, policy: NotifyPolicy) -> Hold | None:
        """The hold on all that the rule tells the channel: the channel's own, or the rule's quiet
        hours, whichever lasts longer."""
        hold, quiet = self.on(policy), rule.quiet
        until = quiet.until(self._now) if quiet is not None else None
        if until is None or (hold is not None and hold.until >= until):
            return hold
        return Hold(Decision.RULE_QUIET, until)

    def _beyond(self, policy: NotifyPolicy) -> Hold | None:
        """The hold on a channel that was told what it takes a day; what waits for the day's end is
        due once one has come."""
        if policy.at_most is None:
            return None
        begin, end = wall_day(self._now, policy.timezone)
        if self._since.get(policy.channel, begin) < begin:
            return None
        if policy.channel not in self._told:
            told = self._database.outbox.told_since(policy.channel, begin)
            self._told[policy.channel] = told
        full = self._told[policy.channel] >= policy.at_most
        return Hold(Decision.AT_MOST, end) if full else None

    def _of_round(self, policy: NotifyPolicy) -> Hold | None:
        until = self._rounds.get(policy.channel)
        return Hold(Decision.ROUND, until) if until is not None and policy.joins else None

    def count(self, channel: str) -> None:
        """One message more goes to the channel."""
        if channel in self._told:
            self._told[channel] += 1

    def judge(
        self, rule: Rule, policy: NotifyPolicy, alerts: Sequence[Alert],
        log: Mapping[int, NotificationLogEntry], unheard: Collection[int], at: Instant, *,
        moved_on: Collection[int] = (),
    ) -> list[Decided]:  # fmt: skip
        """The decision on each of the rule's alerts for one channel. ``log`` is what the channel
        was told last, by product; ``unheard`` are the alerts whose begin is held back for it;
        of the products ``moved_on`` the rule's ``again`` is met against what it was told. Cooldowns
        and reminders count on ``at``, the time of a scan."""
        decided = list[Decided]()
        terms = {
            key: terms_of(rule, policy, self.past, at, key)
            for key in {alert.watch for alert in alerts}
        }
        for alert in alerts:
            told, own = log.get(alert.product), terms[alert.watch]
            if rule.grades:
                own = replace(own, severity=rule.severity_of(alert))
            decision = decide(
                alert, told, own, at,
                waiting=alert.id in unheard, again=alert.product in moved_on,
            )  # fmt: skip
            if told is None:
                decided.append(Decided(alert, decision))
            else:
                before, told_as = told.told_with, told.severity
                decided.append(Decided(alert, decision, before=before, told_as=told_as))
        if rule.remind is not None:
            decided = self._without_acknowledged(decided)
        if rule.muted_by:
            decided = self._unmuted(rule, policy.channel, decided)
        owed = [each.alert.product for each in decided if each.decision.owed]
        if not owed:
            self._note(rule, policy.channel, decided)
            return decided
        hold, silenced = self.on_rule(rule, policy), self._silenced(rule, owed)
        if hold is not None or silenced:
            decided = [
                each.held_by(silenced.get(each.alert.product) or _on(rule, each.alert, hold))
                for each in decided
            ]
        self._note(rule, policy.channel, decided)
        return decided

    def _without_acknowledged(self, decided: list[Decided]) -> list[Decided]:
        """The decisions, but that of what somebody acknowledged no reminder is owed, now or later:
        each further step and each rise of its severity is."""
        asked = [each.alert.id for each in decided if each.decision in _REMINDED]
        known = self._database.alerts.acknowledged(asked) if asked else set()
        if not known:
            return decided
        return [
            msgspec.structs.replace(each, decision=Decision.ACKNOWLEDGED)
            if each.decision in _REMINDED and each.alert.id in known
            else each
            for each in decided
        ]

    def _unmuted(self, rule: Rule, channel: str, decided: list[Decided]) -> list[Decided]:
        """The decisions, but that what is owed, or would be after its cooldown, is dropped where a
        rule that mutes this one was told of the product, or is now, and still fires."""
        products = [each.alert.product for each in decided if each.decision.can_be_muted]
        if not products:
            return decided
        muted: dict[int, str] = {}
        for name in reversed(rule.muted_by):
            told = self._database.alerts.muting(name, channel, products)
            muted |= dict.fromkeys(told | self._telling.get((name, channel), set()), name)
        return [
            each.drop(muted[each.alert.product])
            if each.decision.can_be_muted and each.alert.product in muted
            else each
            for each in decided
        ]

    def told_by(self, rules: Iterable[str], channel: str) -> set[int]:
        """The products that the channel is told of at this time by one of these rules, which mute
        others; what is dropped counts as told."""
        return set().union(*(self._telling.get((name, channel), ()) for name in rules))

    def _note(self, rule: Rule, channel: str, decided: Iterable[Decided]) -> None:
        """Remember what is told now: it is in no log before all is told, and may mute others."""
        if rule.mutes:
            told = self._telling.setdefault((rule.name, channel), set())
            told.update(
                each.alert.product
                for each in decided
                if (each.goes or each.dropped is not None)
                and not (each.dropped or each.decision).of_an_end
            )

    def _silenced(self, rule: Rule, products: Sequence[int]) -> dict[int, Hold]:
        """The silences' holds, by product."""
        covering = self._database.silences.covering(rule.name, products, self._now)
        return {
            product: Hold(Decision.SILENCED, each.ends, each) for product, each in covering.items()
        }


def since_of(groups: Iterable[HeldGroup]) -> dict[str, Instant]:
    """The time since which something waits for each channel as a whole."""
    found: dict[str, Instant] = {}
    for each in groups:
        if each.silence is None:
            found[each.channel] = min(each.since, found.get(each.channel, each.since))
    return found


def _on(rule: Rule, alert: Alert, hold: Hold | None) -> Hold | None:
    """The channel's hold, as far as it is one on this alert: what is critical goes beyond the
    messages of a day."""
    of_day = hold is not None and hold.decision is Decision.AT_MOST
    return None if of_day and rule.severity_of(alert) is Severity.CRITICAL else hold

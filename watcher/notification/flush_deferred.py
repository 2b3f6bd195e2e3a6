"""Messages of what was held by a silence, quiet hours, a digest, the messages of a day or the other
lists of a round, once it no longer is. One for each channel, of all its rules. Nothing is judged
anew: what fires is what the last scan left firing, and cooldowns and reminders count on that scan's
time, as ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain

from msgspec.structs import replace

from watcher.alert import Alert
from watcher.model import Instant
from watcher.notification.composing import Bundle, Owing, compose
from watcher.notification.holds import Holds, since_of
from watcher.notification.notify import Teller
from watcher.notification.policy import LONGEST, NotifyPolicy
from watcher.notification.products import firing, last_left
from watcher.rules.rulebook import Rule, Rulebook, muters_first
from watcher.schedule import wall_day
from watcher.store.past import Archive
from watcher.store.ports import Store
from watcher.store.sql.silences import Held, HeldGroup
from watcher.units import MINUTE


def sweep(
    database: Store, book: Rulebook, policies: Mapping[str, NotifyPolicy], now: Instant, *,
    archive: Archive | None = None, rounds: Mapping[str, Instant] | None = None,
) -> list[int]:  # fmt: skip
    """Tell what is no longer held at ``now``, in one transaction; the notifications written. Where
    no hold is over, nothing is written and no lock is taken. ``rounds`` are the channels that wait
    for the other lists of an open round, until when."""
    swept = _Sweep(database, archive or database, book, policies, now, rounds or {})
    if not swept.ripe(database.held.groups()):
        return []
    with database.atomic():
        return swept.run()


@dataclass(frozen=True, slots=True)
class _Sweep:
    """One round over what is held, by what ``archive`` saw; tells each channel once."""

    database: Store
    archive: Archive
    book: Rulebook
    policies: Mapping[str, NotifyPolicy]
    now: Instant
    rounds: Mapping[str, Instant]

    def ripe(self, groups: Sequence[HeldGroup]) -> dict[str, list[HeldGroup]]:
        """The ``groups`` whose holds are over, by rule; of rules and channels that there are."""
        found: dict[str, list[HeldGroup]] = {}
        if not groups:
            return found
        holds = Holds(self.database, self.now, groups, rounds=self.rounds)
        silences = {silence.id for silence in self.database.silences.active(self.now)}
        rules = {rule.name: rule for rule in self.book.rules}
        known = set(self.book.tellings)
        for group in groups:
            if (group.rule, group.channel) not in known:
                continue
            if self._is_open(group, rules[group.rule], silences, holds):
                found.setdefault(group.rule, []).append(group)
        return found

    def _is_open(
        self, group: HeldGroup, rule: Rule, silences: AbstractSet[int], holds: Holds
    ) -> bool:
        """Whether what holds the group is over: its silence, or the hold on its channel or rule."""
        if group.silence is not None:
            return group.silence not in silences
        return holds.on_rule(rule, self.policies[group.channel]) is None

    def run(self) -> list[int]:
        groups, past = self.database.held.groups(), self.archive.history
        ripe = self.ripe(groups)
        holds = Holds(self.database, self.now, groups, past=past, rounds=self.rounds)
        owing: dict[str, list[Owing]] = {}
        for rule in muters_first(self.book.rules):
            if rule.name in ripe:
                for channel, part in self._owing(rule, ripe[rule.name], holds):
                    owing.setdefault(channel, []).append(part)
            if rule.muted_by:
                self._drop(rule, holds)
        since = since_of(chain.from_iterable(ripe.values()))
        return [
            row
            for channel, each in owing.items()
            for row in self._tell(channel, each, since.get(channel, self.now))
        ]

    def _drop(self, rule: Rule, holds: Holds) -> None:
        """Drop the rule's word on what its muters were told of just now: also what is held on, or
        in its cooldown."""
        for channel in rule.notify:
            products = holds.told_by(rule.muted_by, channel)
            if not products:
                continue
            live = firing(self.database, [rule.name]).values()
            ids = [alert.id for alert in live if alert.product in products]
            alerts = list(self.database.alerts.stated(ids))
            self._teller(rule, alerts, holds).owed(rule, alerts, [channel])

    def _owing(
        self, rule: Rule, ripe: Sequence[HeldGroup], holds: Holds
    ) -> Iterable[tuple[str, Owing]]:
        """Yield what the rule owes to each channel of which something of it is ripe."""
        held = self._held(rule, ripe)
        alerts = self._alerts(held)
        again = self._refired(rule, held, alerts)
        kept = [each for each in held if each.product in again and each.alert in alerts]
        self._keep(rule, kept)
        alerts |= {alert.id: alert for alert in again.values()}
        going: dict[str, list[Alert]] = {each.channel: [] for each in held}
        for each in held:
            if each.alert in alerts:
                going[each.channel].append(again.get(each.product, alerts[each.alert]))
        teller = self._teller(rule, list(alerts.values()), holds)
        for channel, chosen in going.items():
            for owed in teller.owed(rule, chosen, [channel]).values():
                yield channel, teller.owing(rule, owed)

    def _teller(self, rule: Rule, alerts: Sequence[Alert], holds: Holds) -> Teller:
        products, at = last_left(self.archive, rule, alerts, self.book.metrics, self.now)
        at = min(at, self.now)  # of a clock that was set back
        return Teller(self.database, products, self.policies, at, self.now, holds)

    def _held(self, rule: Rule, ripe: Sequence[HeldGroup]) -> list[Held]:
        """The rows of the groups that are ripe."""
        opened = {(group.channel, group.silence) for group in ripe}
        held = self.database.held.of_rule(rule.name)
        return [each for each in held if (each.channel, each.silence) in opened]

    def _refired(
        self, rule: Rule, held: Sequence[Held], alerts: Mapping[int, Alert]
    ) -> dict[int, Alert]:
        """Find what fires anew where an end is held, by product: that end is a wrong word now, and
        stays held until what fires is told, or is over."""
        over = {
            each.product
            for each in held
            if each.alert in alerts and alerts[each.alert].resolved_at is not None
        }
        live = firing(self.database, [rule.name]).values() if over else ()
        ids = [alert.id for alert in live if alert.product in over]
        return {alert.product: alert for alert in self.database.alerts.stated(ids)} if ids else {}

    def _keep(self, rule: Rule, held: list[Held]) -> None:
        """Hold these on: by the silence of their product, or for the channel's next digest."""
        products = sorted({each.product for each in held})
        covering = self.database.silences.covering(rule.name, products, self.now) if held else {}
        kept: list[Held] = []
        for each in held:
            silence = covering.get(each.product)
            since = self.now if self.policies[each.channel].collects else each.since
            number = silence.id if silence is not None else None
            kept.append(replace(each, since=since, silence=number))
        if kept != held:
            self.database.held.put(kept)

    def _alerts(self, held: Sequence[Held]) -> dict[int, Alert]:
        """The alerts by id; what is held of one that is no more is let go."""
        ids = [each.alert for each in held]
        found = {alert.id: alert for alert in self.database.alerts.stated(ids)}
        self.database.held.release(each for each in held if each.alert not in found)
        return found

    def _tell(self, channel: str, owing: Sequence[Owing], since: Instant) -> list[int]:
        """Tell a channel for which something waited ``since`` that time."""
        policy = self.policies[channel]
        of_day = policy.at_most is not None and since < wall_day(self.now, policy.timezone)[0]
        # What waited for no more than its round's other lists is a message as any.
        is_digest = of_day or policy.digest is not None or self.now - since > LONGEST + MINUTE
        kind = "digest" if is_digest else "alerts"
        bundle = Bundle(owing, policy.limit, kind, named=of_day, whole=policy.whole)
        message = compose(bundle, self.now, self.database.alerts.explained)
        rows = self.database.outbox.add(channel, policy.targets, message, self.now)
        for each in owing:
            self.database.alerts.mark_told(each.entries(channel, rows))
        return rows

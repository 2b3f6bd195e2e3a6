"""The operator: hears of the watcher's own incidents, once when one begins and once at its end.

The store remembers which are on, so a restart does not tell again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.model import Instant, Message, Severity
from watcher.notification.policy import NotifyPolicy
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import About, Incident


@dataclass(frozen=True, slots=True)
class Operator:
    """Channels by whose ``policies`` incidents are told, as of ``now``."""

    database: Store
    policies: Sequence[NotifyPolicy]
    now: Instant

    def begin(self, incident: Incident, text: str) -> bool:
        """Tell that ``incident`` began, unless it is on already; True if told now."""
        with self.database.atomic():
            if not self.database.health.raise_cause(incident, text, self.now):
                return False
            self.tell(incident, text)
        return True

    def end(self, incident: Incident, *, outcome: str = "") -> bool:
        """Tell that ``incident`` is over, if it was on, and its outcome; True if told now."""
        with self.database.atomic():
            text = self.database.health.clear_cause(incident, self.now)
            if text is None:
                return False
            over = f"This is over: {text}{f'. {outcome}' if outcome else ''}"
            self.tell(incident, over, over=True)
        return True

    def tell(self, incident: Incident, text: str, *, over: bool = False, title: str = "") -> None:
        """Queue a message, whatever is on; without a ``title`` it bears the incident's name."""
        title = f"watcher: {'over: ' * over}{title or incident.cause}"
        message = Message(
            "operator",
            title,
            Severity.INFO if over else Severity.WARNING,
            created=self.now,
            text=text,
            cause=incident.cause,
            over=over,
        )
        for policy in self.policies:
            hold = policy.urgent_hold(self.now)
            quiet = hold.until if hold is not None else None
            self.database.outbox.add(
                policy.channel, policy.targets, message, self.now, not_before=quiet
            )


def forget_orphans(database: Store, book: Rulebook, now: Instant) -> None:
    """End, untold, the incidents of watches, rules, regions and targets that are no more."""
    known = {
        About.WATCH: {watch.name for watch in book.used_watches},
        About.RULE: {rule.name for rule in book.rules},
        About.REGION: {watch.query.region for watch in book.used_watches},
        About.TARGET: {name for each in book.channels.values() for name in each.targets},
    }
    for incident in database.health.incidents():
        if incident.subject not in known.get(incident.about, {incident.subject}):
            database.health.clear_cause(incident, now)

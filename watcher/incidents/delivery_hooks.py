"""The courier's questions to the rules: to join what has piled up, and to hear what became of it.

A target that is dead is told to the operator by the other targets. All of it happens on the
store's thread, in the transaction in which the courier notes what became of a notification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from watcher.chart import Chart
from watcher.incident import About, dead_message
from watcher.incidents.operator import operator_of, targets_named
from watcher.message import Notification
from watcher.model import Instant
from watcher.notification.charting import chart_of
from watcher.notification.coalesce import join_backlog
from watcher.report import ReportContent
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.text.titles import without_words


@dataclass(frozen=True, slots=True)
class Post:
    """The rules that are in force (``book``) as the courier needs them."""

    book: Callable[[], Rulebook]
    now: Callable[[], Instant]

    def join(self, database: Store, target: str) -> bool:
        """Whether what waits for ``target`` was joined, or what was joined has changed."""
        return join_backlog(database, self.book(), target, self.now())

    def chart(self, database: Store, notification: Notification) -> Chart | None:
        """The picture of the message, if it can have one."""
        return chart_of(database, self.book(), notification.message)

    def rows(self, _database: Store, _notification: Notification) -> ReportContent | None:
        """Nothing: whoever makes reports knows all their rows."""
        return None

    def died(self, database: Store, notification: Notification, reason: str) -> None:
        """Tell the operator by other targets, unless it is told already.

        That such a message is dead itself is not told to the target that it is about: two that
        are both gone would tell each other for ever. Of a target that the rule file names no
        more it is told once, and is over.
        """
        target, message = notification.target, notification.message
        about = message.incident
        subject = about.subject if about is not None and about.about is About.TARGET else None
        spoken_of = msgspec.to_builtins(without_words(message))
        dead = dead_message(target).with_details(message=spoken_of, error=reason)
        operator_of(database, self.book(), self.now(), {target, subject}).begin(dead)
        if target not in targets_named(self.book()):
            database.health.clear_cause(dead, self.now())

    def took(self, database: Store, notification: Notification) -> None:
        """The target takes messages (again): its trouble is over. What it was tried with in vain
        for a whole day was told by what was joined since."""
        target, now = notification.target, self.now()
        over = operator_of(database, self.book(), now, {target}).ended(dead_message(target))
        if over is not None and notification.message.kind == "joined":
            database.backlog.settle(notification.id, target, over.since, now)

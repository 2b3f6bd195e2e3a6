"""What the courier asks of the rules: to join what has piled up, and to hear what became of it.

A target that is dead is told to the operator by the other targets. All of it happens on the
store's thread, in the transaction in which the courier notes what became of a notification.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from watcher.incidents.operator import Operator
from watcher.model import Chart, Instant, Notification
from watcher.notification.charting import chart_of
from watcher.notification.coalesce import join_backlog
from watcher.notification.policy import policies_of
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import About, Incident
from watcher.text.messages import title_of


def targets_named(book: Rulebook) -> set[str]:
    """The masked names of all the channels' targets."""
    return {target for channel in book.channels.values() for target in channel.targets}


@dataclass(frozen=True, slots=True)
class Post:
    """The rules that are in force (``book``) as the courier needs them."""

    book: Callable[[], Rulebook]
    now: Callable[[], Instant]

    def join(self, database: Store, target: str) -> bool:
        """Whether what waits for ``target`` was joined, or what was joined has changed."""
        return join_backlog(database, self.book(), target, self.now())

    def chart(self, database: Store, notification: Notification) -> Chart | None:
        """What a picture of the message shows, if it can have one."""
        return chart_of(database, self.book(), notification.message)

    def died(self, database: Store, notification: Notification, reason: str) -> None:
        """Tell the operator by other targets, unless it is told already.

        That such a message is dead itself is not told to the target that it is about: two that
        are both gone would tell each other for ever. Of a target that the rule file names no
        more it is told once, and is over.
        """
        target, title = notification.target, title_of(notification.message)
        text = f'the message "{title}" could not be delivered to {target}: {reason}'
        about = database.health.subject_of(notification.message.cause, About.TARGET)
        self._operator(database, {target, about}).begin(_dead(target), text)
        if target not in targets_named(self.book()):
            database.health.clear_cause(_dead(target), self.now())

    def took(self, database: Store, notification: Notification) -> None:
        """The target takes messages (again): its trouble is over."""
        target = notification.target
        self._operator(database, {target}).end(_dead(target))

    def _operator(self, database: Store, but: Collection[str | None]) -> Operator:
        policies = policies_of(self.book().channels)
        others = [policies[name].without(but) for name in self.book().operator]
        return Operator(database, others, self.now())


def _dead(target: str) -> Incident:
    return Incident("dead message", About.TARGET, target)

"""The courier of a book: its channels' targets, and what the rules say of its messages."""

from __future__ import annotations

from collections.abc import Callable

from watcher.analysis.reports.composing import whole_of
from watcher.daemon.connections import targets_of, ways_of
from watcher.delivery.courier import Begin, Courier, at_once
from watcher.delivery.marking import StoreThread
from watcher.delivery.product_pictures import NoPictures, ProductPictures
from watcher.incidents.delivery_hooks import Post
from watcher.message import Notification
from watcher.model import Instant
from watcher.report import ReportContent
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store


class ReportingPost(Post):
    """The rules as the courier needs them, and all rows of a report."""

    def rows(self, database: Store, notification: Notification) -> ReportContent | None:
        """The report of a message with all rows of the scans that it was made of."""
        report = notification.message.report
        return None if report is None else whole_of(database, self.book(), report)


def courier_of(
    store: StoreThread,
    book: Callable[[], Rulebook],
    now: Callable[[], Instant],
    *,
    pictures: ProductPictures | None = None,
    on_turn: Callable[[], None] = lambda: None,
    begin: Begin = at_once,
) -> Courier:
    """It sends to the channels of the rules in force (``book``), and asks these, whenever they are
    swapped, what a message means; raises ``RulesError`` as ``targets_of`` does."""
    rules = book()
    return Courier(
        store,
        targets_of(rules),
        now=now,
        ways=ways_of(rules),
        keeper=ReportingPost(book, now),
        pictures=pictures or NoPictures(),
        on_turn=on_turn,
        begin=begin,
    )

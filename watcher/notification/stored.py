"""The products of a past scan as messages ask for them, read from the history."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.evaluation.past import Archive
from watcher.evaluation.present import newest
from watcher.model import Alert, Instant
from watcher.notification.products import Products
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import Rule


def last_left(
    archive: Archive, rule: Rule, alerts: Sequence[Alert], catalogue: Catalogue, now: Instant
) -> tuple[Products, Instant]:
    """The products of ``alerts`` as the last good scan of the rule's watch left them, and its time.

    Without a scan (pruned, or none of this watch yet) the time is the alerts' own.
    """
    present = newest(archive, rule.watch.key, [rule], [alert.product for alert in alerts])
    own = max((alert.since for alert in alerts), default=now)
    at = present.at if present is not None else own
    return Products(archive.history, present, catalogue), at

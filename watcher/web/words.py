"""Alerts as the page and the terminal list them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from watcher.delivery.view import view_of
from watcher.language import gettext as _
from watcher.message import Item, Message
from watcher.model import Instant, Severity
from watcher.store.records import AlertRow, Delivery
from watcher.text.evidence import with_name
from watcher.text.retold import retold


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert in a list: ``why`` says in words what it fired on, and what is so now. ``severity``
    is what its rule gives it now; None where there is no such rule any more."""

    row: AlertRow
    why: tuple[str, ...]
    severity: Severity | None = None

    @property
    def state(self) -> str:
        """In a word; of one that is over, why it ended."""
        return self.row.alert.outcome

    @property
    def since(self) -> Instant:
        """The instant it fired at, or else at which its state began."""
        return self.row.alert.fired_at or self.row.alert.since

    @property
    def seller(self) -> str:
        """``GlowLab (7495981769829615944)``, where the user named it."""
        seller = self.row.seller_id or ""
        return with_name(seller, self.row.names) if seller in self.row.names else ""

    @property
    def told(self) -> str:
        """The fate of the last messages about it."""
        return _(", ").join(map(_fate, self.row.deliveries))


def _fate(delivery: Delivery) -> str:
    target = delivery.target or delivery.channel
    state = retold(delivery.state.value if delivery.state else "told")
    return _("{target} {state}").format(target=target, state=state)


def lines(
    rows: Sequence[AlertRow],
    now: Instant,
    zone: tzinfo,
    severities: Mapping[int, Severity] | None = None,
    gmv_currency: str | None = None,
) -> list[AlertLine]:
    """Alerts with their reasons, worded as the messages word them; times in ``zone``."""
    items = tuple(_item(row, gmv_currency) for row in rows)
    message = Message("alerts", "", Severity.INFO, now, items=items)
    products = view_of(message, "", zone).products
    known = severities or {}
    return [
        AlertLine(row, (*product.why, *filter(None, [product.seen])), known.get(row.alert.id))
        for row, product in zip(rows, products, strict=True)
    ]


def _item(row: AlertRow, gmv_currency: str | None) -> Item:
    alert = row.alert
    since, known = alert.fired_at or alert.since, row.known
    return Item(
        alert.short_id, "firing", row.region, row.product_id, row.name, since,
        currency=row.currency, gmv_currency=gmv_currency, why=alert.evidence,
        now=known.evidence if known is not None and known.at != alert.fired_at else (),
        seen=known.at if known is not None and not known.current else None,
        names=dict(row.names),
    )  # fmt: skip

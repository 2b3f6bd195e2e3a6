"""A message that can't be written as it is, in plainer words: a fault of ours must cost no alert.

Such a fault comes with every try, so that waiting mends nothing: the message would be given up
after a day. Told are the names, the links and whose rule it was, and where the reasons stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from watcher.language import gettext as _
from watcher.message import Also, Item, Message
from watcher.text.messages import lead_of
from watcher.units import counted

_Written = TypeVar("_Written")
_Write = Callable[[Message], _Written]  # raises what it can't write


def plainer(message: Message, write: _Write[_Written]) -> _Written:
    """Write the message without the evidence of those products that can't be written with it;
    without all of it, and with a title of one name, where that is not enough."""
    note = _note(message)
    kept = replace(
        message,
        text=note,
        description=note if message.description else "",
        items=tuple(_plainer_items(message, write)),
    )
    try:
        return write(kept)
    except Exception:  # noqa: BLE001 - it is not the products
        return write(_plainest(message))


def _plainer_items(message: Message, write: _Write[object]) -> Iterator[Item]:
    for item in message.items:
        try:
            write(replace(message, items=(item,)))
        except Exception:  # noqa: BLE001 - whatever it is, it can't be written
            yield _plain(item)
        else:
            yield item


def _plain(item: Item) -> Item:
    """A product's name, link and times, and which rules speak of it."""
    also = (Also(each.rule, each.alert, each.kind, each.since, each.label) for each in item.also)
    return replace(
        item, why=(), now=(), again=(), grade=(), facts={}, names={}, reason=None,
        size=None, severity=None, told_as=None, also=tuple(also),
    )  # fmt: skip


def _plainest(message: Message) -> Message:
    """A title of its own, and products without evidence."""
    what = message.label or message.rule or message.cause
    if not what and message.report is not None:
        what = message.report.name
    return Message(
        "test",
        what or counted("{count} alert", "{count} alerts", len(message.items)),
        message.severity,
        message.created,
        text=_apology(),
        items=tuple(map(_plain, message.items)),
        more=message.more,
        rest=message.rest,
        alerts=message.alerts,
    )


def _note(message: Message) -> str:
    try:
        lead = message.description or lead_of(message)
    except Exception:  # noqa: BLE001 - this may be what can't be written
        lead = ""
    return "\n".join(filter(None, (lead, _apology())))


def _apology() -> str:
    return _(
        "Not all of this could be written, which is a fault of watcher's own: its log says more,"
        " and `watcher alerts` has the reasons."
    )

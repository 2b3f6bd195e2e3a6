"""The choices that the link of a message gives with a product, and their doing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.alert import AlertState
from watcher.audited import Audited
from watcher.message import Item, Message
from watcher.model import Instant
from watcher.people import Author, Via
from watcher.source.query import MOST_PRODUCTS
from watcher.store.ports import Store
from watcher.store.sql.links import Deed, Link
from watcher.store.sql.silences import ENDLESS, Silence, exactly
from watcher.units import DAY

SNOOZE = 7 * DAY
_ID = re.compile(r"A([1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done: ``what``, by a ``rule`` where it is about one. It ``is_done``
    where it is so now, by whomever: ``until`` when, where that ends by itself; the ``deed`` is what
    did it, where that was a link of this message and can be undone. What is ``idle`` can't be done
    now."""

    what: str
    rule: str = ""
    is_done: bool = False
    until: Instant | None = None
    deed: int | None = None
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Acting:
    """The product of that ``number`` in the message of a ``link``, and what can be done with it
    ``now``, in the name of the target that was told. On the store's thread."""

    database: Store
    link: Link
    message: Message
    number: int
    now: Instant

    @property
    def _audited(self) -> Audited:
        return Audited(self.database, Author(self.link.target, Via.LINK), self.now)

    @property
    def item(self) -> Item:
        return self.message.items[self.number - 1]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules by which the message tells of the product."""
        names = (self.item.rule or self.message.rule, *(each.rule for each in self.item.also))
        return tuple(dict.fromkeys(filter(None, names)))

    def choices(self) -> Iterator[Offer]:
        """Yield what can be done, in the order in which that is shown."""
        deeds = [
            each
            for each in self.database.links.deeds(self.link.notification)
            if each.number == self.number and each.undone is None
        ]
        yield self._acknowledging(deeds)
        snooze = self._silence("")
        until = snooze.until if snooze is not None else None
        yield Offer("snooze", "", snooze is not None, until, _by(deeds, "snooze", silence=snooze))
        if not self.item.grouped_by:
            known = self.database.followed.get(self.item.product_id) is not None
            yield Offer("follow", "", known, None, _by(deeds, "follow") if known else None)
        for rule in self.rules:
            never = self._silence(rule)
            deed = _by(deeds, "never", rule, silence=never)
            yield Offer("never", rule, never is not None, None, deed)

    def do(self, what: str, rule: str, form: str) -> bool:
        """Do it, and note that it was done by that ``form``; what is so already stays as it is.
        False where it can't be done by this link."""
        made: int | None = None
        match what:
            case "snooze" if not rule:
                made = self._silenced("", self.now + SNOOZE)
                new = made is not None
            case "never" if rule in self.rules:
                made = self._silenced(rule, ENDLESS)
                new = made is not None
            case "follow" if self._can_follow():
                new = bool(self._audited.follow([self.item.product_id], self._why))
            case "acknowledge":
                new = bool(self._audited.acknowledge(_alerts(self.item)))
            case _:
                return False
        # What was so already is nobody's to undo here.
        undone = None if new else self.now
        self.database.links.note(
            self.link.id, form, self.now, self.number, what, rule=rule, silence=made, undone=undone
        )
        return True

    def undo(self, deed: int) -> bool:
        """Undo what a link of the message did with the product; what was undone stays so. False
        where none did."""
        deeds = self.database.links.deeds(self.link.notification)
        found = next((one for one in deeds if (one.id, one.number) == (deed, self.number)), None)
        if found is None:
            return False
        if not self.database.links.undo(deed, self.now):
            return True
        if found.silence is not None:
            self._audited.end_silence(found.silence)
        elif found.what == "follow":
            self._audited.unfollow([self.item.product_id])
        elif found.what == "acknowledge":
            self._audited.take_back(_alerts(self.item))
        return True

    @property
    def _why(self) -> str:
        return f"from a message to {self.link.channel}"

    def _acknowledging(self, deeds: Sequence[Deed]) -> Offer:
        alerts = self.database.alerts.stated(_alerts(self.item))
        fires = [each for each in alerts if each.state is AlertState.FIRING]
        known = bool(fires) and all(each.acknowledged is not None for each in fires)
        deed = _by(deeds, "acknowledge") if known else None
        return Offer("acknowledge", "", known, None, deed, idle=not fires)

    def _patterns(self, rule: str) -> dict[str, str]:
        product = {"product": exactly(self.item.product_id)}
        return product | ({"rule": exactly(rule)} if rule else {})

    def _silence(self, rule: str) -> Silence | None:
        """The silence of just this product: by all rules for a while, by one rule without end."""
        wanted = self._patterns(rule)
        active = self.database.silences.active(self.now)
        found = (each for each in active if dict(each.patterns) == wanted)
        return next((each for each in found if each.is_endless == bool(rule)), None)

    def _silenced(self, rule: str, ends: Instant) -> int | None:
        """The silence that was made; None where there is one."""
        if self._silence(rule) is not None:
            return None
        made = self._audited.silence(ends=ends, comment=self._why, **self._patterns(rule))
        return made.id

    def _can_follow(self) -> bool:
        known = {*self.database.followed.ids(), self.item.product_id}
        return not self.item.grouped_by and len(known) <= MOST_PRODUCTS


def _by(
    deeds: Sequence[Deed], what: str, rule: str = "", *, silence: Silence | None = None
) -> int | None:
    """The deed that did it; of a silence the one that made that one."""
    of_silence = what in ("snooze", "never")
    for each in reversed(deeds):
        if each.what != what or each.rule != rule:
            continue
        if not of_silence or (silence is not None and each.silence == silence.id):
            return each.id
    return None


def _alerts(item: Item) -> list[int]:
    """The alerts of the product that the message tells of."""
    texts = (item.alert, *(each.alert for each in item.also))
    return [int(found[1]) for text in texts if (found := _ID.fullmatch(text))]

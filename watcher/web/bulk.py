"""Deeds on many alerts at once: the one place by which the page acknowledges and silences alerts,
each time all or nothing, and what is remembered of it to be told and undone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from hashlib import sha256

from watcher.alert import Alert, AlertState
from watcher.audited import Audited
from watcher.language import gettext as _
from watcher.model import Instant
from watcher.store.sql.silences import exactly
from watcher.units import counted, format_instant

MOST = 1_000  # alerts of one deed
ACKNOWLEDGE, TAKE_BACK, SILENCE = "acknowledge", "take back", "silence"
_KEPT = 500  # deeds that can be told and undone
_MARK = 32  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Done:
    """A deed on ``alerts``, those of whom it was asked that there are: ``changed`` are those whose
    reminders it stopped or took up, ``silences`` those that it made, which last ``until``. Of the
    alerts so many were so ``already``, ``over``, or did not fire yet (``pending``); so many were
    asked of whom nothing is known (``unknown``). It may be ``undone``."""

    what: str
    alerts: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    silences: tuple[int, ...] = ()
    until: Instant | None = None
    already: int = 0
    over: int = 0
    pending: int = 0
    unknown: int = 0
    undone: bool = False

    @property
    def can_be_undone(self) -> bool:
        """Whether it changed anything that is so still."""
        return bool(self.changed or self.silences) and not self.undone

    @property
    def subject(self) -> str:
        """All that it was done with: ``A34, A35``."""
        return ", ".join(f"A{each}" for each in self.alerts)


def acknowledge(audited: Audited, ids: Sequence[int]) -> Done:
    """Have nobody reminded of these, as far as they fire."""
    with audited.database.atomic():
        known = audited.database.alerts.stated(ids)
        firing = [each for each in known if each.state is AlertState.FIRING]
        new = tuple(each.id for each in firing if each.acknowledged is None)
        audited.acknowledge(new)
    done = _of(ACKNOWLEDGE, ids, known)
    return replace(done, changed=new, already=len(firing) - len(new))


def take_back(audited: Audited, ids: Sequence[int]) -> Done:
    """Have people reminded of these again."""
    with audited.database.atomic():
        known = audited.database.alerts.stated(ids)
        firing = [each for each in known if each.state is AlertState.FIRING]
        theirs = tuple(each.id for each in firing if each.acknowledged is not None)
        audited.take_back(theirs)
    done = _of(TAKE_BACK, ids, known)
    return replace(done, changed=theirs, already=len(firing) - len(theirs))


def silence(
    audited: Audited, ids: Sequence[int], seconds: int, comment: str, *, wide: bool
) -> Done:
    """Silence the products of these for so long, each by the rule of its alert, or by all rules
    (``wide``). One that is silenced just so for as long already is left as it is."""
    database, ends = audited.database, audited.now + seconds
    with database.atomic():
        known = database.alerts.stated(ids)
        wanted = {
            tuple(_patterns(rule, product, wide=wide).items())
            for rule, product in database.alert_search.subjects(ids)
        }
        there = {
            tuple(each.patterns.items())
            for each in database.silences.active(audited.now)
            if each.ends >= ends
        }
        new = [dict(each) for each in sorted(wanted - there)]
        made = audited.silence_products(new, ends, comment, (each.id for each in known))
    done = _of(SILENCE, ids, known)
    already = len(wanted) - len(made)
    return replace(done, silences=tuple(made), until=ends, already=already, pending=0)


def _patterns(rule: str, product: str, *, wide: bool) -> dict[str, str]:
    """The patterns of a silence, in the order in which it has them."""
    return ({} if wide else {"rule": exactly(rule)}) | {"product": exactly(product)}


def undo(audited: Audited, done: Done) -> Done:
    """Undo it, as far as it is so still: reminders are taken up again, its silences end."""
    with audited.database.atomic():
        changed = done.changed
        if done.what == ACKNOWLEDGE:
            changed = tuple(sorted(audited.database.alerts.acknowledged(changed)))
            audited.take_back(changed)
        elif done.what == TAKE_BACK:
            changed = acknowledge(audited, changed).changed
        ended = audited.end_silences(done.silences)
    return replace(done, changed=changed, silences=tuple(ended), undone=True)


def _of(what: str, ids: Sequence[int], known: Sequence[Alert]) -> Done:
    states = Counter(each.state for each in known)
    return Done(
        what,
        tuple(each.id for each in known),
        over=states[AlertState.INACTIVE],
        pending=states[AlertState.PENDING],
        unknown=len({*ids}) - len(known),
    )


def said(done: Done, zone: tzinfo) -> Iterator[str]:
    """Yield sentences on what was done, and on what was not."""
    yield _undone(done) if done.undone else _done(done, zone)
    if done.undone:
        return
    if done.already and done.what == SILENCE:
        yield counted(
            "{count} silence was on already.", "{count} silences were on already.", done.already
        )
    elif done.already and done.what == ACKNOWLEDGE:
        yield counted(
            "{count} was acknowledged already.", "{count} were acknowledged already.", done.already
        )
    if done.over and done.what == SILENCE:
        yield counted(
            "{count} of the alerts was over already; its product is silenced all the same.",
            "{count} of the alerts were over already; their products are silenced all the same.",
            done.over,
        )
    elif done.over:
        yield counted("{count} was over already.", "{count} were over already.", done.over)
    if done.pending:
        yield counted("{count} does not fire yet.", "{count} do not fire yet.", done.pending)
    if done.unknown:
        yield counted(
            "{count} is not there any more.", "{count} are not there any more.", done.unknown
        )


def _done(done: Done, zone: tzinfo) -> str:
    if done.what == ACKNOWLEDGE:
        if not done.changed:
            return _("No alert was acknowledged.")
        return counted(
            "{count} alert was acknowledged: there are no reminders until it ends.",
            "{count} alerts were acknowledged: there are no reminders until they end.",
            len(done.changed),
        )
    if done.what == TAKE_BACK:
        return counted(
            "{count} alert is reminded of again.",
            "{count} alerts are reminded of again.",
            len(done.changed),
        )
    made = counted("{count} silence was made", "{count} silences were made", len(done.silences))
    if not done.silences or done.until is None:
        return _("No silence was made.")
    return _("{made}, until {time}.").format(made=made, time=format_instant(done.until, zone))


def _undone(done: Done) -> str:
    if done.what == SILENCE:
        return counted(
            "Undone: {count} silence was ended.",
            "Undone: {count} silences were ended.",
            len(done.silences),
        )
    if done.what == TAKE_BACK:
        return counted(
            "Undone: {count} alert is acknowledged again.",
            "Undone: {count} alerts are acknowledged again.",
            len(done.changed),
        )
    return counted(
        "Undone: {count} alert is reminded of again.",
        "Undone: {count} alerts are reminded of again.",
        len(done.changed),
    )


class Deeds:
    """Deeds of a book's page, the newest, each by a mark that only who did it has: so that the page
    says what was done, and an address alone can't; and that a form which is sent twice does its
    thing once. They are forgotten with the process."""

    def __init__(self) -> None:
        self._done: dict[str, Done] = {}
        self._turn = asyncio.Lock()

    def get(self, mark: str) -> Done | None:
        """The deed of that mark."""
        return self._done.get(mark)

    async def once(self, mark: str, do: Callable[[], Awaitable[Done]]) -> None:
        """Do it, unless it was done by that mark, and not undone."""
        async with self._turn:
            done = self._done.get(mark)
            if done is None or done.undone:
                self._keep(mark, await do())

    async def undo(self, mark: str, undo: Callable[[Done], Awaitable[Done]]) -> bool:
        """Undo the deed of that mark, once; False where none is known."""
        async with self._turn:
            done = self._done.get(mark)
            if done is None:
                return False
            if done.can_be_undone:
                self._keep(mark, await undo(done))
            return True

    def _keep(self, mark: str, done: Done) -> None:
        self._done[mark] = done
        while len(self._done) > _KEPT:
            del self._done[next(iter(self._done))]


def mark_of(fields: Mapping[str, str], alerts: Sequence[int]) -> str:
    """The mark of what a form asks for of these alerts, be they ticked in another order: of that
    very page, for its token is in it."""
    asked = sorted((name, text) for name, text in fields.items() if name != "alert")
    told = repr((asked, sorted(alerts)))
    return sha256(told.encode("utf-8", "replace")).hexdigest()[:_MARK]

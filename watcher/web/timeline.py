"""The life of one alert as a list of events, the oldest first: what it was, what was told of it,
and what people did with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.alert import Alert, AlertState
from watcher.audited import written_of
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.message import Notification
from watcher.model import Instant
from watcher.people import AuditRecord, WriteKind
from watcher.store.records import Transition
from watcher.store.sql.links import Deed
from watcher.store.sql.silences import Silence
from watcher.text.audit import done, way
from watcher.text.retold import retold

# What a message says of an alert, by the decision that had it told.
_TOLD = {
    "firing": N_("Told to {target} that it fires"),
    "again": N_("Told to {target} again"),
    "more severe": N_("Told to {target} that it is more severe"),
    "reminder": N_("{target} was reminded"),
    "resolved": N_("Told to {target} that it is over"),
    "ended while it was held": N_("Told to {target} that it came and went"),
}
_SAYS = {
    "firing": N_("it fires"),
    "again": N_("it moved on"),
    "more severe": N_("it is more severe"),
    "reminder": N_("it still fires"),
    "resolved": N_("it is over"),
    "ended while it was held": N_("it came and went"),
}
_FAILED = {
    "waiting": N_("Waits to be told to {target}"),
    "dead": N_("Not told to {target}: the message is dead"),
    "dropped": N_("Not told to {target}: the message was dropped"),
    "joined": N_("Joined with a later message to {target}"),
}
_DONE = {
    "acknowledge": N_("Acknowledged by the link of a message to {target}"),
    "snooze": N_("Snoozed by the link of a message to {target}"),
    "never": N_("Excluded by the link of a message to {target}"),
    "follow": N_("Followed by the link of a message to {target}"),
}


# Of these a record says by whose link.
_RECORDED = {
    "acknowledge": WriteKind.ACKNOWLEDGE,
    "snooze": WriteKind.SILENCE,
    "never": WriteKind.SILENCE,
}


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A notification that tells of the alert, and ``what`` it says of it; ``deeds`` are what was
    done with the alert by its link."""

    what: str
    one: Notification
    deeds: Sequence[Deed] = ()

    @property
    def at(self) -> Instant:
        """The time at which it was taken or given up, or else was written."""
        return self.one.finished or self.one.created

    @property
    def says(self) -> str:
        """Its word on the alert."""
        return _(_SAYS[self.what]) if self.what in _SAYS else retold(self.what)

    @property
    def said(self) -> str:
        """A sentence on what became of it."""
        state = self.one.state.value
        pattern = _FAILED.get(state) or _TOLD.get(self.what, N_("Told to {target}"))
        return _(pattern).format(target=self.one.target)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at ``at``: in a sentence, of a ``kind`` that a state's colour goes
    with; ``path`` is where more of it stands."""

    at: Instant
    said: str
    kind: str = ""
    path: str = ""


def events(
    alert: Alert,
    transitions: Sequence[Transition],
    told: Sequence[Mentioned],
    silences: Sequence[Silence],
    written: Sequence[AuditRecord],
    now: Instant,
) -> list[Event]:
    """All of them; of what came at one time the alert's own comes first. What is ``written`` says
    by whom it was."""
    found = [
        *_changes(alert, transitions),
        *(Event(each.at, each.said, each.one.state.value, _message(each)) for each in told),
        *_deeds(told, written),
        *map(_written, written),
        *_acknowledged(alert, told, written),
        *_silenced(silences, written, now),
    ]
    return sorted(found, key=lambda each: each.at)


def _message(told: Mentioned) -> str:
    return f"/outbox/{told.one.id}"


def _changes(alert: Alert, transitions: Sequence[Transition]) -> Iterator[Event]:
    for each in transitions:
        match each.after:
            case AlertState.PENDING:
                yield Event(each.at, _("Pending: its condition was met"), "pending")
            case AlertState.FIRING:
                yield Event(each.at, _("Fired"), "firing")
            case AlertState.INACTIVE:
                yield Event(each.at, _ended(each.reason), "over")
    known = {each.after for each in transitions}
    if alert.fired_at is not None and AlertState.FIRING not in known:
        yield Event(alert.fired_at, _("Fired"), "firing")
    if alert.resolved_at is not None and AlertState.INACTIVE not in known:
        yield Event(alert.resolved_at, _ended(alert.reason), "over")


def _ended(reason: str | None) -> str:
    if not reason:
        return _("Over")
    return _("Over: {reason}").format(reason=retold(reason))


def _written(record: AuditRecord) -> Event:
    """Say what a person did with it."""
    return Event(
        record.at,
        _("{who} {done} ({way})").format(who=record.who, done=done(record), way=way(record)),
        path="/audit",
    )


def _deeds(told: Sequence[Mentioned], written: Sequence[AuditRecord]) -> Iterator[Event]:
    """Yield what was done by links, but for what is written as theirs."""
    known = {(record.at, record.what) for record in written}
    times = {record.at for record in written}
    for each in told:
        for deed in each.deeds:
            if deed.what not in _DONE:
                continue
            said = _(_DONE[deed.what]).format(target=each.one.target)
            if (deed.at, _RECORDED.get(deed.what)) not in known:
                yield Event(deed.at, said)
            undone = deed.undone
            if undone is not None and undone > deed.at and undone not in times:
                yield Event(undone, _("Undone: {deed}").format(deed=said))


def _acknowledged(
    alert: Alert, told: Sequence[Mentioned], written: Sequence[AuditRecord]
) -> Iterator[Event]:
    """Yield that it was acknowledged, where nothing says by whom."""
    known = {each.at for each in written if each.what == WriteKind.ACKNOWLEDGE}
    known |= {deed.at for each in told for deed in each.deeds if deed.what == "acknowledge"}
    if alert.acknowledged is not None and alert.acknowledged not in known:
        yield Event(alert.acknowledged, _("Acknowledged: no reminders until it ends"))


def _silenced(
    silences: Sequence[Silence], written: Sequence[AuditRecord], now: Instant
) -> Iterator[Event]:
    """Yield the begins and ends of silences of which nothing says whose they are."""
    known = {(each.what, name) for each in written for name in written_of(each)}
    for each in silences:
        number = str(each.id)
        if (WriteKind.SILENCE, number) not in known:
            begin = _("Silence {number} began").format(number=number)
            if each.comment:
                begin = _("{begin}: {comment}").format(begin=begin, comment=each.comment)
            yield Event(each.begins, begin, path="/silences")
        if each.ends <= now and (WriteKind.END_SILENCE, number) not in known:
            yield Event(
                each.ends, _("Silence {number} ended").format(number=number), path="/silences"
            )

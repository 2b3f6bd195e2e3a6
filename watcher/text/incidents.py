"""Incidents in words, composed as they are read, in the language that is spoken. Where an error is
told, that is as whoever raised it wrote it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from watcher.fields import BY_NAME
from watcher.incident import About, Incident, IncidentKind
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.language import ngettext
from watcher.message import Message
from watcher.text.evidence import with_name
from watcher.text.retold import retold
from watcher.text.titles import few, title_of
from watcher.units import (
    enumerated,
    format_duration,
    format_instant,
    format_month,
    format_percent,
    format_stored_day,
)


def incident_text(incident: Incident, *, over: bool = False) -> str:
    """The text: what happened, or that it is over, and with which outcome."""
    return _ended(incident) if over else _begun(incident)


def _begun(incident: Incident) -> str:
    values, details = _Values(incident), incident.details
    # An earlier version composed it as it was written.
    text = str(details.get("text") or _(_text_of(incident)).format_map(values))
    return _("{text} (some are back)").format(text=text) if details.get("some_back") else text


def _text_of(incident: Incident) -> str:
    if incident.kind is IncidentKind.BREAKS and incident.about is About.RULE:
        return _RULE_BREAKS
    return _TEXTS[incident.kind]


def _ended(incident: Incident) -> str:
    if incident.kind in _OVER:
        return _(_OVER[incident.kind]).format_map(_Values(incident))
    over, details = _("This is over: {text}").format(text=_begun(incident)), incident.details
    if "lists" not in details:
        return over
    return _("{text}. {outcome}").format(text=over, outcome=_outcome(**details))


class _Values(dict[str, object]):
    """Values that a template names: details, as they are or as they are shown."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident.details, subject=incident.subject)
        self.incident = incident
        for name in _SHOWN.keys() & self:
            self[name] = _SHOWN[name](self[name])

    def __missing__(self, name: str) -> str:
        return _COMPOSED[name](self.incident)


def _change(change: float | None) -> str:
    if change is None:
        return _("nothing to something")
    return format_percent(change, signed=True)


def _moment(moment: Mapping[str, Any] | str) -> str:
    """An instant with its zone; an earlier version stored words."""
    if isinstance(moment, str):
        return moment
    return format_instant(moment["at"], ZoneInfo(moment["zone"]))


def _span(span: str) -> str:
    """A day or a month, ``2026-11-23`` or ``2026-11``."""
    try:
        if span.count("-") == 1:
            return format_month(date.fromisoformat(f"{span}-01"))
        return format_stored_day(date.fromisoformat(span))
    except ValueError:
        return span


def _what(covers: Sequence[Sequence[str]] | str) -> str:
    """The things that a silence is of, with their names; an earlier version stored words."""
    if isinstance(covers, str):
        return covers
    return enumerated(_covered(*each) for each in covers)


def _covered(of: str, pattern: str, name: str = "") -> str:
    """``seller GlowLab (7495*)``: what a silence is of, a group of products by its id first."""
    said = with_name(pattern, {pattern: name} if name else {})
    if name and of == "product":
        said = with_name(name, {name: pattern})
    return _(_COVERED[of]).format(name=said)


_COVERED = {
    "rule": N_("rule {name}"),
    "product": N_("product {name}"),
    "seller": N_("seller {name}"),
    "category": N_("category {name}"),
}
_SHOWN: dict[str, Callable[[Any], str]] = {
    "ahead": format_duration,
    "doubted": format_duration,
    "doubt": retold,
    "change": _change,
    "span": _span,
    "what": _what,
    **dict.fromkeys(("begun", "began", "new", "before", "changed", "ends"), _moment),
}


def _why(incident: Incident) -> str:
    error = incident.details.get("error")
    if error:
        return _(": {error}").format(error=error)
    return _(" ({type}; the log has more)").format(type=incident.details.get("type"))


def _not_read(incident: Incident) -> str:
    values = _Values(incident)
    if "cost" not in values:
        return _('the scan of "{watch}" was cut off: {error}').format_map(values)
    if values["kept"]:
        template = _(
            'the watch "{watch}" was not read: it costs {cost} credits, the caps leave {room}, and '
            "{kept} of them are kept for watches of higher priority"
        )
    else:
        template = _(
            'the watch "{watch}" was not read: it costs {cost} credits, the caps leave {room}'
        )
    return template.format_map(values)


def _lost(incident: Incident) -> str:
    names = incident.details.get("told", incident.fields)
    mistyped = incident.details["mistyped"]
    return _("; ").join(_lost_field(name, mistyped.get(name)) for name in names)


def _lost_field(name: str, holds: str | None) -> str:
    label = label_said(name, BY_NAME[name].label) if name in BY_NAME else name
    if holds is None:
        return _("{field} ({label}): gone").format(field=name, label=label)
    return _("{field} ({label}): now {holds}").format(field=name, label=label, holds=holds)


def _users(incident: Incident) -> str:
    rules = enumerated(incident.details["rules"])
    if not rules:
        return _("No rule uses them.")
    return _("Rules that use them have no data and can't fire: {rules}.").format(rules=rules)


def _left_out(incident: Incident) -> str:
    """Days without new data: where that is there by now, the word is of what was."""
    missed = incident.details.get("missed", 1)
    values = _Values(incident)
    values["days"] = missed
    if "new" in incident.details:
        template = ngettext(
            "KeyAPI left out a day of new data of {of_region}: none came from {began} to {new}",
            "KeyAPI left out {days} days of new data of {of_region}: none came from {began} to "
            "{new}",
            missed,
        )
    else:
        template = ngettext(
            "KeyAPI has not renewed the data of {of_region} since {began}: a day was left out",
            "KeyAPI has not renewed the data of {of_region} since {began}: {days} days were left "
            "out",
            missed,
        )
    return template.format_map(values)


def _then(incident: Incident) -> str:
    return "" if "new" in incident.details else _("; looked for again on the next day")


def _comment(incident: Incident) -> str:
    written = incident.details.get("why")
    return _(" ({comment})").format(comment=written) if written else ""


def _of_region(incident: Incident) -> str:
    if not incident.subject:
        return _("lists without a region")
    return _("region {region}").format(region=incident.subject)


def _again(incident: Incident) -> str:
    return enumerated(incident.details.get("told", incident.fields))


def _title(incident: Incident) -> str:
    """The title of a message that is dead."""
    return title_of(msgspec.convert(incident.details["message"], Message))


_COMPOSED: dict[str, Callable[[Incident], str]] = {
    "why": _why,
    "comment": _comment,
    "of_region": _of_region,
    "left_out": _left_out,
    "then": _then,
    "not_read": _not_read,
    "lost": _lost,
    "users": _users,
    "again": _again,
    "title": _title,
}


def _outcome(*, stay: Sequence[str], lists: int, **_other: object) -> str:
    """Each list as it is: of those that jumped together one may stay and another be mended."""
    if not stay:
        return _("The values of before are back, so nothing is told of it.")
    if len(stay) == lists:
        return _("It stays so: it is taken for true, and what follows from it is told.")
    return _(
        "It stays so in {lists}: there it is taken for true, and what follows from it is told. In "
        "the other lists the values of before are back, so nothing is told of them."
    ).format(lists=few([_('"{text}"').format(text=name) for name in stay]))


_RULE_BREAKS = N_('the rule "{subject}" can\'t be judged, its alerts stay as they are{why}')
_TEXTS = {
    IncidentKind.RULE_FILE: N_(
        "The rule file can't be used; the old rules stay in force.\n{error}"
    ),
    IncidentKind.OWN_FILE: N_(
        "A file that the rules name can't be used; its last good copy stays in force.\n{error}"
    ),
    IncidentKind.PAGE_RULES: N_(
        "Some rules that were written in the page can't be used with the rule files as they are, "
        "and are left out; all others are in force.\n{error}"
    ),
    IncidentKind.DISK: N_(
        "{folder}: {free} MiB of {total} MiB are free; when nothing is left, nothing can be read "
        "or told. Free some space, or keep less (keep:)"
    ),
    IncidentKind.DATABASE: N_("Nothing is read, judged or sent until this is mended.\n{error}"),
    IncidentKind.CLOCK_SET_BACK: N_(
        "the clock was ahead by up to {ahead} and was set back. What was noted then counts as "
        "noted now: cooldowns, reminders and what is due next count from here"
    ),
    IncidentKind.TASK: N_("the task {subject} died and is started anew{why}"),
    IncidentKind.BREAKS: N_('the watch "{subject}" can\'t be scanned{why}'),
    IncidentKind.FAILS: N_('the watch "{subject}" failed {failures} times in a row: {error}'),
    IncidentKind.SOURCE_FAILS: N_(
        'nothing could be read from KeyAPI since {begun}; last "{watch}": {error}'
    ),
    IncidentKind.PROBLEMS: N_(
        'the list of the watch "{subject}" was read with problems {turn} times in a row: {doubt}. '
        "Who is missing may be on the list all the same, and counts as gone when that has lasted "
        "for {doubted}"
    ),
    IncidentKind.UNSTORED: N_('what was read of "{subject}" waits to be stored: {error}'),
    IncidentKind.INVALID_QUERY: N_('the watch "{subject}" ({query}): {error}'),
    IncidentKind.KEY_REFUSED: N_(
        "{error}. Nothing is asked until a reload, but one request a day to try"
    ),
    IncidentKind.CREDITS_USED_UP: N_("{error}"),
    IncidentKind.CREDITS_OF_DAY: N_("{used} of the {cap} credits of the day {span} are used"),
    IncidentKind.CREDITS_OF_MONTH: N_("{used} of the {cap} credits of the month {span} are used"),
    IncidentKind.DID_NOT_FIT: N_("{not_read}"),
    IncidentKind.FIELDS_LOST: N_("Fields that KeyAPI no longer gives as before: {lost}. {users}"),
    IncidentKind.JUMPED: N_(
        'the 7-day sales of the list "{watch}" moved by a median of {change} since {before}: '
        "KeyAPI has nulled or shifted a counter, most likely. Rules that compare with earlier "
        "scans wait for the next scan, and compare it with the scan before"
    ),
    IncidentKind.STANDS_STILL: N_(
        "KeyAPI gives the same data of region {subject} since {changed}: scans of {days} days went "
        "well, and no product changed. Rules that compare with the past wait until it does."
    ),
    IncidentKind.NO_REFRESH: N_(
        "{left_out}. No list was read on the old data, and no alert moved{then}"
    ),
    IncidentKind.SILENCE_ENDS: N_(
        "the silence of {what} ends {ends}{comment}. What it holds back and still fires is told "
        "then; `watcher silence add` adds another one"
    ),
    IncidentKind.DEAD_MESSAGE: N_(
        'the message "{title}" could not be delivered to {subject}: {error}'
    ),
}
# Ends that are more than that the text is over.
_OVER = {
    IncidentKind.DATABASE: N_("The database can be written again; what waited is done now."),
    IncidentKind.OWN_FILE: N_("{subject} can be used again, and is in force as it is now."),
    IncidentKind.PAGE_RULES: N_("All rules of the page are in force again."),
    IncidentKind.FIELDS_LOST: N_("KeyAPI gives {again} again."),
}

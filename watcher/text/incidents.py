"""Incidents in English, composed as they are read. A translation is another table of texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from watcher.fields import BY_NAME
from watcher.incident import About, Incident, IncidentKind
from watcher.units import format_duration, format_percent, plural

_NAMED = 3  # fields in a title, lists in a text


def incident_title(incident: Incident) -> str:
    """``watch top: fails``; where fields are lost, those that are told."""
    told = incident.details.get("told")
    if told is None:
        return incident.cause
    return f"{plural(len(told), 'field')} {_few(told)} lost"


def incident_text(incident: Incident, *, over: bool = False) -> str:
    """The text: what happened, or that it is over, and with which outcome."""
    return _ended(incident) if over else _begun(incident)


def _begun(incident: Incident) -> str:
    values, details = _Values(incident), incident.details
    # An earlier version composed it as it was written.
    text = str(details.get("text") or _TEXTS[incident.kind].format_map(values))
    return f"{text} (some are back)" if details.get("some_back") else text


def _ended(incident: Incident) -> str:
    if incident.kind in _OVER:
        return _OVER[incident.kind].format_map(_Values(incident))
    over, details = f"This is over: {_begun(incident)}", incident.details
    return f"{over}. {_outcome(**details)}" if "lists" in details else over


class _Values(dict[str, object]):
    """Values that a template names: details, as they are or as they are shown."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident.details, subject=incident.subject, about=incident.about.value)
        self.incident = incident
        for name in _SHOWN.keys() & self:
            self[name] = _SHOWN[name](self[name])

    def __missing__(self, name: str) -> str:
        return _COMPOSED[name](self.incident)


def _change(change: float | None) -> str:
    return "nothing to something" if change is None else format_percent(change, signed=True)


_SHOWN: dict[str, Callable[[Any], str]] = {
    "ahead": format_duration,
    "doubted": format_duration,
    "change": _change,
}


def _why(incident: Incident) -> str:
    error = incident.details.get("error")
    return f": {error}" if error else f" ({incident.details.get('type')}; the log has more)"


def _undone(incident: Incident) -> str:
    scanned = incident.about is About.WATCH
    return "be scanned" if scanned else "be judged, its alerts stay as they are"


def _not_read(incident: Incident) -> str:
    values = _Values(incident)
    if "cost" not in values:
        return 'the scan of "{watch}" was cut off: {error}'.format_map(values)
    template = 'the watch "{watch}" was not read: it costs {cost} credits, the caps leave {room}'
    if values["kept"]:
        template += ", and {kept} of them are kept for watches of higher priority"
    return template.format_map(values)


def _lost(incident: Incident) -> str:
    mistyped = incident.details["mistyped"]
    return "; ".join(
        f"{name} ({BY_NAME[name].label if name in BY_NAME else name}): "
        + (f"now {mistyped[name]}" if name in mistyped else "gone")
        for name in incident.details.get("told", incident.fields)
    )


def _users(incident: Incident) -> str:
    rules = ", ".join(incident.details["rules"])
    lame = f"Rules that use them have no data and can't fire: {rules}."
    return lame if rules else "No rule uses them."


def _left_out(incident: Incident) -> str:
    """Days without new data: where that is there by now, the word is of what was."""
    missed, is_new = incident.details.get("missed", 1), "new" in incident.details
    values = _Values(incident)
    values["days"] = "a day" if missed == 1 else f"{missed} days"
    values["were"] = plural(missed, "was", "were")
    if is_new:
        template = (
            "KeyAPI left out {days} of new data of {of_region}: none came from {began} to {new}"
        )
    else:
        template = "KeyAPI has not renewed the data of {of_region} since {began}: {days} {were} "
        template += "left out"
    return template.format_map(values)


def _then(incident: Incident) -> str:
    return "" if "new" in incident.details else "; looked for again on the next day"


def _comment(incident: Incident) -> str:
    written = incident.details.get("why")
    return f" ({written})" if written else ""


_COMPOSED: dict[str, Callable[[Incident], str]] = {
    "why": _why,
    "comment": _comment,
    "of_region": lambda incident: (
        f"region {incident.subject}" if incident.subject else "lists without a region"
    ),
    "left_out": _left_out,
    "then": _then,
    "undone": _undone,
    "not_read": _not_read,
    "lost": _lost,
    "users": _users,
    "again": lambda incident: ", ".join(incident.details.get("told", incident.fields)),
}


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + f" and {more} more" * (more > 0)


def _outcome(*, stay: Sequence[str], lists: int, **_other: object) -> str:
    """Each list as it is: of those that jumped together one may stay and another be mended."""
    if not stay:
        return "The values of before are back, so nothing is told of it."
    if len(stay) == lists:
        return "It stays so: it is taken for true, and what follows from it is told."
    named = _few([f'"{name}"' for name in stay])
    return (
        f"It stays so in {named}: there it is taken for true, and what follows from it is "
        "told. In the other lists the values of before are back, so nothing is told of them."
    )


_TEXTS = {
    IncidentKind.RULE_FILE: "The rule file can't be used; the old rules stay in force.\n{error}",
    IncidentKind.OWN_FILE: (
        "A file that the rules name can't be used; its last good copy stays in force.\n{error}"
    ),
    IncidentKind.DISK: (
        "{folder}: {free} MiB of {total} MiB are free; when nothing is left, nothing can be read "
        "or told. Free some space, or keep less (keep:)"
    ),
    IncidentKind.DATABASE: "Nothing is read, judged or sent until this is mended.\n{error}",
    IncidentKind.CLOCK_SET_BACK: (
        "the clock was ahead by up to {ahead} and was set back. What was noted then counts as "
        "noted now: cooldowns, reminders and what is due next count from here"
    ),
    IncidentKind.TASK: "the task {subject} died and is started anew{why}",
    IncidentKind.BREAKS: 'the {about} "{subject}" can\'t {undone}{why}',
    IncidentKind.FAILS: 'the watch "{subject}" failed {failures} times in a row: {error}',
    IncidentKind.SOURCE_FAILS: (
        'nothing could be read from KeyAPI since {begun}; last "{watch}": {error}'
    ),
    IncidentKind.PROBLEMS: (
        'the list of the watch "{subject}" was read with problems {turn} times in a row: {doubt}. '
        "Who is missing may be on the list all the same, and counts as gone when that has lasted "
        "for {doubted}"
    ),
    IncidentKind.UNSTORED: 'what was read of "{subject}" waits to be stored: {error}',
    IncidentKind.INVALID_QUERY: 'the watch "{subject}" ({query}): {error}',
    IncidentKind.KEY_REFUSED: (
        "{error}. Nothing is asked until a reload, but one request a day to try"
    ),
    IncidentKind.CREDITS_USED_UP: "{error}",
    IncidentKind.CREDITS_OF_DAY: "{used} of the {cap} credits of the day {span} are used",
    IncidentKind.CREDITS_OF_MONTH: "{used} of the {cap} credits of the month {span} are used",
    IncidentKind.DID_NOT_FIT: "{not_read}",
    IncidentKind.FIELDS_LOST: "Fields that KeyAPI no longer gives as before: {lost}. {users}",
    IncidentKind.JUMPED: (
        'the 7-day sales of the list "{watch}" moved by a median of {change} since {before}: '
        "KeyAPI has nulled or shifted a counter, most likely. Rules that compare with earlier "
        "scans wait for the next scan, and compare it with the scan before"
    ),
    IncidentKind.STANDS_STILL: (
        "KeyAPI gives the same data of region {subject} since {changed}: scans of {days} days went "
        "well, and no product changed. Rules that compare with the past wait until it does."
    ),
    IncidentKind.NO_REFRESH: (
        "{left_out}. No list was read on the old data, and no alert moved{then}"
    ),
    IncidentKind.SILENCE_ENDS: (
        "the silence of {what} ends {ends}{comment}. What it holds back and still fires is told "
        "then; `watcher silence add` adds another one"
    ),
    IncidentKind.DEAD_MESSAGE: 'the message "{title}" could not be delivered to {subject}: {error}',
}
# Ends that are more than that the text is over.
_OVER = {
    IncidentKind.DATABASE: "The database can be written again; what waited is done now.",
    IncidentKind.OWN_FILE: "{subject} can be used again, and is in force as it is now.",
    IncidentKind.FIELDS_LOST: "KeyAPI gives {again} again.",
}

"""Incidents in English: names, titles and texts, composed of kind, subject and details as they are
read. A translation is another table of this shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from watcher.fields import BY_NAME
from watcher.incident import About, Incident, IncidentKind
from watcher.units import format_duration, format_percent

_NAMED = 3  # fields in a title, lists in a text


class _Words(NamedTuple):
    """Templates over subject and details; ``over`` is the end's, where it is not the text again."""

    name: str
    text: str | Callable[[Incident], str]
    over: str = ""


def name_of(incident: Incident) -> str:
    """``watch top: fails``."""
    return _filled(_WORDS[incident.kind].name, incident)


def incident_title(incident: Incident) -> str:
    """The name; where fields are lost, those that are told."""
    told = incident.details.get("told")
    return name_of(incident) if told is None else f"{_fields(told)} lost"


def incident_text(incident: Incident, *, over: bool = False) -> str:
    """What happened, or that it is over, and with which outcome."""
    words = _WORDS[incident.kind]
    if over and words.over:
        return _filled(words.over, incident)
    text = incident.details.get("text")  # an earlier version composed it as it was written
    if text is None:
        compose = words.text
        text = _filled(compose, incident) if isinstance(compose, str) else compose(incident)
    if incident.details.get("some_back"):
        text += " (some are back)"
    if not over:
        return str(text)
    lists = incident.details.get("lists")
    outcome = f". {_outcome(incident.details['stay'], lists)}" if lists is not None else ""
    return f"This is over: {text}{outcome}"


def _filled(template: str, incident: Incident) -> str:
    values: dict[str, Any] = {
        "about": incident.about.value,
        "subject": incident.subject,
        "fields": ", ".join(incident.fields),
        **incident.details,
        "told": ", ".join(incident.details.get("told", ())),
    }
    for name in _SHOWN.keys() & values:
        values[name] = _SHOWN[name](values[name])
    return template.format_map(values)


def _change(change: float | None) -> str:
    return "nothing to something" if change is None else format_percent(change, signed=True)


_SHOWN: dict[str, Callable[[Any], str]] = {
    "ahead": format_duration,
    "doubted": format_duration,
    "change": _change,
}


def _why(incident: Incident) -> str:
    """An error of no kind of ours may hold anything, a secret too: the log, which hides those, has
    its text."""
    error = incident.details.get("error")
    return f": {error}" if error else f" ({incident.details.get('type')}; the log has more)"


def _breaks(incident: Incident) -> str:
    judged = (
        "be scanned" if incident.about is About.WATCH else "be judged, its alerts stay as they are"
    )
    return f'the {incident.about} "{incident.subject}" can\'t {judged}{_why(incident)}'


def _task(incident: Incident) -> str:
    return f"the task {incident.subject} died and is started anew{_why(incident)}"


def _did_not_fit(incident: Incident) -> str:
    if "cost" not in incident.details:
        return _filled('the scan of "{watch}" was cut off: {error}', incident)
    template = 'the watch "{watch}" was not read: it costs {cost} credits, the caps leave {room}'
    if incident.details["kept"]:
        template += ", and {kept} of them are kept for watches of higher priority"
    return _filled(template, incident)


def _fields_lost(incident: Incident) -> str:
    details = incident.details
    mistyped, rules = details["mistyped"], details["rules"]
    told = [
        f"{name} ({BY_NAME[name].label if name in BY_NAME else name}): "
        + (f"now {mistyped[name]}" if name in mistyped else "gone")
        for name in details.get("told", incident.fields)
    ]
    judged = (
        f"Rules that use them have no data and can't fire: {', '.join(rules)}."
        if rules
        else "No rule uses them."
    )
    return f"Fields that KeyAPI no longer gives as before: {'; '.join(told)}. {judged}"


def _fields(names: Sequence[str]) -> str:
    return f"field{'s' if len(names) > 1 else ''} {_few(names)}"


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + f" and {more} more" * (more > 0)


def _outcome(stay: Sequence[str], lists: int) -> str:
    """Of lists that jumped together one may stay and another be mended: each is told as it is."""
    if not stay:
        return "The values of before are back, so nothing is told of it."
    if len(stay) == lists:
        return "It stays so: it is taken for true, and what follows from it is told."
    named = _few([f'"{name}"' for name in stay])
    return (
        f"It stays so in {named}: there it is taken for true, and what follows from it is "
        "told. In the other lists the values of before are back, so nothing is told of them."
    )


_OF_SUBJECT = "{about} {subject}: "
_WORDS = {
    IncidentKind.RULE_FILE: _Words(
        "rule file", "The rule file can't be used; the old rules stay in force.\n{error}"
    ),
    IncidentKind.DISK: _Words(
        "disk nearly full",
        "{folder}: {free} MiB of {total} MiB are free; when nothing is left, nothing can be read "
        "or told. Free some space, or keep less (keep:)",
    ),
    IncidentKind.DATABASE: _Words(
        "the database fails",
        "Nothing is read, judged or sent until this is mended.\n{error}",
        over="The database can be written again; what waited is done now.",
    ),
    IncidentKind.CLOCK_SET_BACK: _Words(
        "the clock was set back",
        "the clock was ahead by up to {ahead} and was set back. What was noted then counts as "
        "noted now: cooldowns, reminders and what is due next count from here",
    ),
    IncidentKind.TASK: _Words("task {subject}", _task),
    IncidentKind.BREAKS: _Words(_OF_SUBJECT + "breaks", _breaks),
    IncidentKind.FAILS: _Words(
        _OF_SUBJECT + "fails", 'the watch "{subject}" failed {failures} times in a row: {error}'
    ),
    IncidentKind.SOURCE_FAILS: _Words(
        "KeyAPI fails",
        'nothing could be read from KeyAPI since {begun}; last "{watch}": {error}',
    ),
    IncidentKind.PROBLEMS: _Words(
        _OF_SUBJECT + "read with problems",
        'the list of the watch "{subject}" was read with problems {turn} times in a row: {doubt}. '
        "Who is missing may be on the list all the same, and counts as gone when that has lasted "
        "for {doubted}",
    ),
    IncidentKind.UNSTORED: _Words(
        _OF_SUBJECT + "waits to be stored",
        'what was read of "{subject}" waits to be stored: {error}',
    ),
    IncidentKind.INVALID_QUERY: _Words(
        _OF_SUBJECT + "invalid query", 'the watch "{subject}" ({query}): {error}'
    ),
    IncidentKind.KEY_REFUSED: _Words(
        "key refused", "{error}. Nothing is asked until a reload, but one request a day to try"
    ),
    IncidentKind.CREDITS_USED_UP: _Words("credits used up", "{error}"),
    IncidentKind.CREDITS_OF_DAY: _Words(
        "credits of the day nearly used", "{used} of the {cap} credits of the day {span} are used"
    ),
    IncidentKind.CREDITS_OF_MONTH: _Words(
        "credits of the month nearly used",
        "{used} of the {cap} credits of the month {span} are used",
    ),
    IncidentKind.DID_NOT_FIT: _Words("credits: a scan did not fit", _did_not_fit),
    IncidentKind.FIELDS_LOST: _Words(
        _OF_SUBJECT + "fields lost ({fields})", _fields_lost, over="KeyAPI gives {told} again."
    ),
    IncidentKind.JUMPED: _Words(
        _OF_SUBJECT + "7-day sales jumped",
        'the 7-day sales of the list "{watch}" moved by a median of {change} since {before}: '
        "KeyAPI has nulled or shifted a counter, most likely. Rules that compare with earlier "
        "scans wait for the next scan, and compare it with the scan before",
    ),
    IncidentKind.STANDS_STILL: _Words(
        _OF_SUBJECT + "data stands still",
        "KeyAPI gives the same data of region {subject} since {changed}: scans of {days} days went "
        "well, and no product changed. Rules that compare with the past wait until it does.",
    ),
    IncidentKind.DEAD_MESSAGE: _Words(
        "dead message {subject}",
        'the message "{title}" could not be delivered to {subject}: {error}',
    ),
}

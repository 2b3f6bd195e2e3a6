"""Titles of messages and incidents, and what they count, in the language that is spoken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from watcher.fields import CATEGORIES, SELLER
from watcher.incident import About, Incident
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.language import ngettext
from watcher.message import Item, Message, RuleCount
from watcher.model import Severity
from watcher.subjects import WATCH
from watcher.text.reports import report_title
from watcher.text.sanitize import shorten
from watcher.units import counted, enumerated, format_number

_LOCK_SCREEN = 60  # characters of a title that say which rules tell
_CALLED = 40  # of a rule's name in it
_NAMED = 3  # fields in a title
MIXED = "*"
ROWS = "rows"  # of a report
_ABOUT = {
    About.WATCHER: N_("{what} {subject}"),
    About.WATCH: N_("watch {subject}: {what}"),
    About.RULE: N_("rule {subject}: {what}"),
    About.REGION: N_("region {subject}: {what}"),
    About.FILE: N_("file {subject}: {what}"),
    About.SILENCE: N_("silence {subject}: {what}"),
    About.TARGET: N_("{what} {subject}"),
    About.PART: N_("{what} {subject}"),
}
# What a message tells of, by what a rule is grouped by: of one, and of so many.
_COUNTED: Mapping[str, Callable[[int], str]] = {
    MIXED: lambda number: ngettext("{count} alert", "{count} alerts", number),
    ROWS: lambda number: ngettext("{count} row", "{count} rows", number),
    "": lambda number: ngettext("{count} product", "{count} products", number),
    SELLER: lambda number: ngettext("{count} seller", "{count} sellers", number),
    WATCH: lambda number: ngettext("{count} list", "{count} lists", number),
    **dict.fromkeys(
        CATEGORIES, lambda number: ngettext("{count} category", "{count} categories", number)
    ),
}


def severity_said(severity: Severity) -> str:
    """``critical``, in words."""
    return _(severity.value)


def cause_said(incident: Incident) -> str:
    """The incident's name: ``watch top: fails``."""
    what = _(incident.kind.value)
    if not incident.subject:
        return what
    if incident.fields and incident.about not in {About.TARGET, About.PART}:
        what = _("{what} ({fields})").format(what=what, fields=enumerated(incident.fields))
    return _(_ABOUT[incident.about]).format(subject=incident.subject, what=what)


def incident_title(incident: Incident) -> str:
    """``watch top: fails``; where fields are lost, those that are told."""
    told = incident.details.get("told")
    if told is None:
        return cause_said(incident)
    return ngettext("field {fields} lost", "fields {fields} lost", len(told)).format(
        fields=few(told)
    )


def few(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - _NAMED
    some = enumerated(names[:_NAMED])
    if more <= 0:
        return some
    return _("{some} and {count} more").format(some=some, count=more)


def title_of(message: Message) -> str:
    """``[info] rising: 3 products (US)``, of several rules ``3 breakout, 2 price-cut (US)``; of an
    operator message its incident's."""
    if message.title:  # an earlier version composed it as it was written
        return message.title
    if message.report is not None:
        return report_title(message.report)
    if message.incident is not None:
        pattern = _("watcher: over: {title}") if message.over else _("watcher: {title}")
        return pattern.format(title=incident_title(message.incident))
    title = _about(message)
    if message.region:
        region = enumerated(message.region.split(", "))
        title = _("{title} ({region})").format(title=title, region=region)
    # A lock screen shows little: what is critical says so, else the rules' names say enough.
    severe = (
        message.severity is Severity.CRITICAL or not message.parts or message.waited is not None
    )
    if not severe:
        return title
    return _("[{severity}] {title}").format(severity=severity_said(message.severity), title=title)


def without_words(message: Message) -> Message:
    """The part of a message that its title is made of: to be stored where it is spoken of."""
    kinds = dict.fromkeys(item.grouped_by for item in message.items)
    incident, waited = message.incident, message.waited
    if incident is not None:
        told = {name: incident.details[name] for name in ("told",) if name in incident.details}
        incident = replace(incident, details=told)
    if waited is not None:
        waited = replace(waited, troubles=("",) * len(waited.troubles), over=(), went=())
    return replace(
        message,
        items=tuple(Item("", "", "", "", "", 0, grouped_by=kind) for kind in kinds),
        parts=tuple(replace(part, description="") for part in message.parts),
        incident=incident,
        waited=waited,
        more=(),
        text="",
        description="",
        alerts={},
        data_at=None,
        rest=0,
    )


def _about(message: Message) -> str:
    """The rules and products that it is about, or all that waited."""
    told = subjects_of(message.told, message.ended, kind_of(message))
    if message.waited is not None:
        count = len(message.waited.troubles)
        troubles = troubles_of(count) if count else ""
        nothing = "" if message.told or count else _("nothing")
        still = enumerated(filter(None, (nothing, told, troubles)))
        return _("what still holds: {still}").format(still=still)
    if message.parts:
        return _by_rule(message.parts)
    return _("{rule}: {told}").format(rule=message.label or message.rule, told=told)


def troubles_of(number: int) -> str:
    """``3 troubles``."""
    return counted("{count} trouble", "{count} troubles", number)


def _by_rule(parts: Sequence[RuleCount]) -> str:
    """``3 breakout, 2 price-cut, 1 breakout ended``; of many rules the first, and how many more.
    Rules of one label are one."""
    told, ended = Counter[str](), Counter[str]()
    for part in parts:
        called = shorten(part.called, _CALLED)
        told[called] += part.told
        ended[called] += part.ended
    words = [(each, _("{count} {rule}"), told[each]) for each in told if told[each]]
    words += [(each, _("{count} {rule} ended"), ended[each]) for each in ended if ended[each]]
    said = [pattern.format(rule=rule, count=format_number(count)) for rule, pattern, count in words]
    fitting = len(said)
    while fitting > 1 and len(enumerated(said[:fitting])) > _LOCK_SCREEN:
        fitting -= 1
    shown = {rule for rule, *_rest in words[:fitting]}
    more = {rule for rule, *_rest in words} - shown
    first = enumerated(said[:fitting])
    if not more:
        return first
    pattern = ngettext("{some} and {count} rule more", "{some} and {count} rules more", len(more))
    return pattern.format(some=first, count=format_number(len(more)))


def kind_of(message: Message) -> str:
    """The thing that all it tells of is grouped by; ``MIXED`` where they are of several kinds."""
    kinds = {part.grouped_by for part in message.parts if part.told or part.ended}
    kinds = kinds or {item.grouped_by for item in message.items} or {""}
    return kinds.pop() if len(kinds) == 1 else MIXED


def counted_of(kind: str, number: int, shown: str = "") -> str:
    """``3 products``, of a kind of ``kind_of``; the number as it is ``shown``, else in digits."""
    return _COUNTED[kind](number).format(count=shown or number)


def subjects_of(told: int, ended: int, grouped_by: str = "") -> str:
    """``3 products``, ``2 ended``, or both; of groups ``3 sellers``."""
    count = counted_of(grouped_by, told) if told else ""
    over = _("{count} ended").format(count=ended) if ended else ""
    return enumerated(filter(None, (count, over)))

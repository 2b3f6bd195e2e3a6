"""The search for alerts, as an address of the page has it: read, said again, and turned into what
the store is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from watcher.alert import AlertState
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant, Severity
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.alert_search import AboutText, AlertPlace, AlertQuery, OfSeverity
from watcher.units import enumerated, parse_moment
from watcher.web.rendering import whole_number, with_query

# What people call the states; all is none of them.
STATES: Mapping[str, AlertState | None] = {
    "firing": AlertState.FIRING,
    "pending": AlertState.PENDING,
    "over": AlertState.INACTIVE,
    "all": None,
}
EITHER: Mapping[str, bool] = {"yes": True, "no": False}
SIZE = 50  # alerts of a page
LONGEST = 100  # characters of a text
_LATEST = 1 << 40  # no time that is stored is so late
_NUMBER = re.compile(r"[Aa]?([0-9]{1,15})")
_NO_DAY = N_('"{text}" is no day and no time: write it like 2026-11-01, 2026-11-01T09:00 or 7d.')
_NO_NUMBER = N_('"{text}" is no number.')
_NO_CHOICE = N_('"{text}" is none of {choices}.')


@dataclass(frozen=True, slots=True)
class Search:
    """All that the address asks for, as it was written; what is empty is not asked. ``begin`` and
    ``end`` are instants in the zone of the book. ``problems`` say what was not understood, and is
    left out."""

    text: str = ""
    state: str = "firing"
    severity: str = ""
    rule: str = ""
    channel: str = ""
    since: str = ""
    until: str = ""
    acknowledged: str = ""
    silenced: str = ""
    begin: Instant | None = None
    end: Instant | None = None
    problems: tuple[str, ...] = field(default=(), compare=False)

    @property
    def number(self) -> int | None:
        """The number of an alert, where the text is one: of ``A34`` 34."""
        found = _NUMBER.fullmatch(self.text)
        return int(found[1]) if found else None

    @property
    def is_refined(self) -> bool:
        """Whether more is asked than a text and a state."""
        return any(value for name, value in self.query.items() if name not in ("q", "state"))

    @property
    def bare(self) -> str:
        """The address of all in the same state."""
        return with_query("/alerts", state=self.state)

    @property
    def narrows(self) -> bool:
        """Whether more is asked than a state."""
        return any(value for name, value in self.query.items() if name != "state")

    @property
    def query(self) -> dict[str, str]:
        """The part of the address that says it again."""
        return {
            "q": self.text,
            "state": self.state,
            "severity": self.severity,
            "rule": self.rule,
            "channel": self.channel,
            "from": self.since,
            "to": self.until,
            "acknowledged": self.acknowledged,
            "silenced": self.silenced,
        }

    def address(self, path: str = "/alerts", **more: object) -> str:
        """The path with all that is asked, and with ``more`` in place of what has that name."""
        return with_query(path, **{**self.query, **more})


@dataclass(frozen=True, slots=True)
class Leaf:
    """The page of a search that is asked for: what began before a place, or after it; the newest,
    where neither is asked for. Of what is ``gone`` there is no place: nothing is on that page."""

    before: AlertPlace | None = None
    after: AlertPlace | None = None
    gone: bool = False


def search_of(query: Mapping[str, str], book: Rulebook, now: Instant) -> Search:
    """Read the address. What can't be is left out, and is one of the search's problems."""
    problems = list[str]()
    choices = {
        "state": [*STATES],
        "severity": [each.value for each in Severity],
        "channel": [*book.channels],
        "acknowledged": [*EITHER],
        "silenced": [*EITHER],
    }
    since, begin = _time("from", query, book.zone, now, problems)
    until, end = _time("to", query, book.zone, now, problems)
    for name in ("before", "after", "at"):
        _number(name, query, problems)
    chosen = {name: _choice(name, query, known, problems) for name, known in choices.items()}
    return Search(
        text=" ".join(query.get("q", "").replace("\0", " ").split())[:LONGEST],
        rule=query.get("rule", "").replace("\0", ""),
        **{**chosen, "state": chosen["state"] or "firing"},
        since=since,
        until=until,
        begin=begin,
        end=end,
        problems=tuple(problems),
    )


def begun_at(text: str, now: Instant, zone: tzinfo, *, end: bool = False) -> Instant:
    """The instant that a text stands for: a time, or the begin of a day in the zone; as an ``end``
    that of the day after it. ``7d`` is so long before ``now``. ``ValueError`` of anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        found = parse_moment(text, now, zone)
    else:
        # A day without a midnight begins with what came in its place.
        begin = datetime.combine(day + timedelta(days=1) if end else day, time(), zone)
        found = int(begin.timestamp())
    return max(-_LATEST, min(found, _LATEST))


def asked_of(search: Search, database: Store, book: Rulebook, now: Instant) -> AlertQuery:
    """The search as the store is asked it, by the rules as they are now."""
    return AlertQuery(
        now,
        state=STATES[search.state],
        rules=_rules(search, book),
        graded=_graded(search, book),
        about=_about(search, database, book) if search.text else None,
        since=search.begin,
        until=search.end,
        acknowledged=EITHER.get(search.acknowledged),
        silenced=EITHER.get(search.silenced),
    )


def leaf_of(query: Mapping[str, str], database: Store) -> Leaf:
    """The page that is asked for, by the alert before or after it, and ``at`` when that began: it
    need not be there any more."""
    for side in ("before", "after"):
        alert, at = whole_number(query, side), whole_number(query, "at")
        if alert is not None:
            place = AlertPlace(at, alert) if at is not None else database.alert_search.place(alert)
            return Leaf(**{side: place}, gone=place is None)
    return Leaf()


@dataclass(frozen=True, slots=True)
class FoundAlerts:
    """A page of what was found: ``ids``, and the places from which the page before (``newer``) and
    the next one (``older``) begin, where there is one."""

    ids: Sequence[int]
    newer: AlertPlace | None = None
    older: AlertPlace | None = None


def found_on(asked: AlertQuery, leaf: Leaf, database: Store, size: int = SIZE) -> FoundAlerts:
    """Read one page. One that would lie above the first is the first."""
    search = database.alert_search
    if leaf.gone:
        return FoundAlerts(())
    if leaf.after is not None:
        places = search.newer(asked, leaf.after, size + 1)
        if len(places) >= size:
            here = places[-size:]
            return FoundAlerts(_ids(here), here[0] if len(places) > size else None, here[-1])
    places = search.older(asked, leaf.before, size + 1)
    here = places[:size]
    older = here[-1] if len(places) > size else None
    newer = None
    if leaf.before is not None:
        newer = here[0] if here else AlertPlace(leaf.before.began, leaf.before.id - 1)
    return FoundAlerts(_ids(here), newer, older)


def _ids(places: Sequence[AlertPlace]) -> list[int]:
    return [each.id for each in places]


def _choice(name: str, query: Mapping[str, str], known: Sequence[str], problems: list[str]) -> str:
    given = query.get(name, "")
    if not given or given in known:
        return given
    choices = enumerated(known)
    problems.append(_(_NO_CHOICE).format(text=given[:LONGEST], choices=choices))
    return ""


def _number(name: str, query: Mapping[str, str], problems: list[str]) -> None:
    """The part of a place in the list, which ``leaf_of`` reads."""
    if query.get(name) and whole_number(query, name) is None:
        problems.append(_(_NO_NUMBER).format(text=query[name][:LONGEST]))


def _time(
    name: str, query: Mapping[str, str], zone: tzinfo, now: Instant, problems: list[str]
) -> tuple[str, Instant | None]:
    """A time as it was written, and the instant that it is."""
    text = query.get(name, "").strip()[:LONGEST]
    if not text:
        return "", None
    try:
        return text, begun_at(text, now, zone, end=name == "to")
    except (ValueError, OverflowError):  # a day of a year that there is no next one of
        problems.append(_(_NO_DAY).format(text=text))
        return "", None


def _rules(search: Search, book: Rulebook) -> Sequence[str] | None:
    if not search.channel:
        return (search.rule,) if search.rule else None
    telling = [rule.name for rule in book.rules if search.channel in rule.notify]
    return [each for each in telling if search.rule in ("", each)]


def _graded(search: Search, book: Rulebook) -> OfSeverity | None:
    if not search.severity:
        return None
    wanted = Severity(search.severity)
    by_data = [rule for rule in book.rules if rule.grades]
    return OfSeverity(
        wanted,
        [rule.name for rule in book.rules if not rule.grades and rule.severity is wanted],
        [rule.name for rule in by_data if rule.severity is not wanted],
        [rule.name for rule in by_data if rule.severity is wanted],
    )


def _about(search: Search, database: Store, book: Rulebook) -> AboutText:
    """The products, rules and the number that the text may be about."""
    wanted = search.text.casefold()
    names = {**database.categories.names(), **book.sellers}
    called = {each for each, name in names.items() if wanted in name.casefold()}
    return AboutText(
        database.alert_search.products(search.text, called),
        [name for name in database.alert_search.rules() if wanted in name.casefold()],
        search.number,
    )

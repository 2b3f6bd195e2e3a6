"""Watches: each distinct list once, whoever names it or writes it out."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from watcher.categories import CategoryLookup
from watcher.errors import ProblemCode
from watcher.identity import digest, scheduled_key
from watcher.rules.files.rule_file import Entry, Names
from watcher.rules.metrics import Catalogue, id_named
from watcher.rules.rulebook import Watch
from watcher.rules.sections import validators as readers
from watcher.rules.sections.category_filters import CategoryFilters
from watcher.rules.sections.models import GROUP_ELSEWHERE, WATCH_KEYS
from watcher.schedule import REFRESH, Cron, Every, Refresh, Schedule, parse_cron
from watcher.source.endpoint import Gives
from watcher.source.endpoints import INSTEAD
from watcher.source.query import Query, nearest_keys, parse_query, query_warnings
from watcher.units import DAY, HOUR, count_of
from watcher.words import Wrong, kind, nearest, quoted

_SCHEDULE = ("every", "timezone")
MANY = 1_000  # products of one's own whose price is said by itself


def read_schedule(every: object, timezone: object, entry: Entry) -> Schedule | None:
    """An interval, a cron line or the refresh; None where something about it was reported."""
    zone, schedule = None, None
    try:
        zone = readers.timezone("UTC" if timezone is None else timezone)
    except ValueError as error:
        entry["timezone"].report(str(error))
    try:
        schedule = _schedule(every, zone or "UTC")
    except ValueError as error:
        entry["every"].report(str(error))
    return schedule if zone is not None else None


def _schedule(every: object, timezone: str) -> Schedule:
    if isinstance(every, str) and every.strip().lower() == REFRESH:
        return Refresh()
    if isinstance(every, str) and len(every.split()) > 2:
        return parse_cron(every, timezone)
    try:
        seconds = readers.duration(every)
    except ValueError as error:
        hint = _hint(every) if isinstance(every, str) else ""
        raise Wrong(f"{error}{hint}") from None
    if seconds < 1:
        raise Wrong("must be at least 1 second")
    return Every(seconds)


def _hint(every: str) -> str:
    if difflib.get_close_matches(every.strip().lower(), [REFRESH], cutoff=0.7):
        return f"; did you mean {quoted(REFRESH)}?"
    return f', a cron line as "0 9 * * mon-fri", or {REFRESH}'


@dataclass(frozen=True, slots=True)
class Found:
    """The watches that an entry names or writes out, in its order; None for one that is wrong.
    ``twice``: one of them stands there two times."""

    entry: Entry
    watches: tuple[Watch | None, ...]
    twice: bool = False

    @property
    def whole(self) -> tuple[Watch, ...] | None:
        """The watches; None where something about one was reported."""
        known = tuple(filter(None, self.watches))
        return None if self.twice or not known or len(known) < len(self.watches) else known


class Watches:
    """The watches read so far, by name and by a key that has the schedule in it: whether that is
    part of a watch's identity is known once all are read, and ``settled`` tells."""

    def __init__(
        self,
        region: str | None,
        every: object = None,
        timezone: object = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._region = region
        self._sellers = catalogue.sellers if catalogue is not None else {}
        self._categories = catalogue.categories if catalogue is not None else CategoryLookup()
        self._every = "24h" if every is None else every
        self._timezone = timezone
        self._by_key: dict[str, Watch] = {}
        self._names = Names()
        self._named: dict[str, tuple[Watch | None, Entry]] = {}
        self._used: set[str] = set()  # names
        self._wanted: set[str] = set()  # keys of what enabled rules use
        self._idle: list[tuple[Watch, Entry]] = []  # what is written out in others
        self._own: dict[str, Entry] = {}

    def settled(self) -> Mapping[str, Watch]:
        """The watches with the keys that they have in the end, by those that they had so far. One
        whose query stands with other schedules, too, has its own in its key."""
        queries = {key: watch.query.canonical() for key, watch in self._by_key.items()}
        times = Counter(queries.values())
        return {
            key: replace(watch, key=digest(queries[key])) if times[queries[key]] == 1 else watch
            for key, watch in self._by_key.items()
        }

    def add(self, name: str, entry: Entry) -> None:
        if not self._names.take(name, entry):
            return
        before = len(self._by_key)
        watch = self._read(name, entry)
        self._named[name] = (watch, entry)
        if watch is not None and len(self._by_key) == before:
            entry.warn(f"is the same list as {quoted(watch.name)}: it is read once for both")

    @property
    def names(self) -> list[str]:
        """The names of those that have one."""
        return [*self._named]

    def take_name(self, name: str, entry: Entry) -> bool:
        """Whether a group may be called so: it is named where a watch is."""
        return self._names.take(name, entry)

    def find(self, entry: Entry, rule: str, *, enabled: bool) -> tuple[Watch, ...] | None:
        """The watches that a rule names or writes out, one or a list of them; None where something
        about one was reported."""
        found = self.look_up(entry, rule)
        self.use(found, enabled=enabled)
        return found.whole

    def look_up(self, entry: Entry, rule: str) -> Found:
        """The watches that an entry names or writes out, used or not."""
        if entry.value == []:
            entry.report("takes a watch, or a list of them, not an empty list")
            return Found(entry, ())
        found = tuple(self._find(each, rule) for each in entry.items)
        return Found(entry, found, _twice(entry, found))

    def use(self, found: Found, *, enabled: bool) -> None:
        """Note that a rule uses these."""
        for watch, entry in zip(found.watches, found.entry.items, strict=False):
            named = isinstance(entry.value, str)
            if named:
                self._used.add(str(entry.value))
            if watch is not None and enabled:
                self._wanted.add(watch.key)
            elif watch is not None and not named:
                self._idle.append((watch, entry))

    def _find(self, entry: Entry, rule: str) -> Watch | None:
        raw = entry.value
        if not isinstance(raw, str):
            return self._read(rule, entry, free=True)
        if raw not in self._named:
            self._names.unknown("watch", entry, ProblemCode.UNKNOWN_WATCH)
            return None
        return self._named[raw][0]

    def warn_unused(self) -> None:
        """A watch that no enabled rule names is not scanned."""
        for name, (watch, entry) in self._named.items():
            if name not in self._used:
                entry.warn("no rule uses this watch: it is not read")
            elif watch is not None and watch.key not in self._wanted:
                entry.warn("only rules with enabled: false use this watch: it is not read")
        for watch, entry in self._idle:
            if watch.key not in self._wanted:
                entry.warn("the rule has enabled: false: this list is not read")

    def _read(self, name: str, entry: Entry, *, free: bool = False) -> Watch | None:
        raw = entry.value
        if not isinstance(raw, Mapping):
            takes = "must be the name of a watch, or a mapping (region, sort, top ...)"
            entry.report(f"{takes}, not {kind(raw)}")
            return None
        if "of" in raw or "by" in raw:
            entry.report(GROUP_ELSEWHERE)
            return None
        timezone = raw.get("timezone", self._timezone)
        schedule = read_schedule(raw.get("every", self._every), timezone, entry)
        query = self._query(raw, entry, name, free=free)
        if schedule is None or query is None:
            return None
        key = scheduled_key(query.canonical(), schedule.written)
        if key in self._by_key:
            return self._by_key[key]
        _doubt(entry, query, schedule)
        if isinstance(schedule, Every):
            # Spread over the interval, so that watches of one interval don't all ask at once.
            schedule = Every(schedule.seconds, int(key[:12], 16) % schedule.seconds)
        if isinstance(schedule, Refresh):
            schedule = Refresh(query.region)
        watch = Watch(key, self._free(name) if free else name, query, schedule, free)
        self._by_key[key] = watch
        return watch

    def _query(
        self, raw: Mapping[str, object], entry: Entry, name: str, *, free: bool
    ) -> Query | None:
        asked = {key: value for key, value in raw.items() if key not in _SCHEDULE}
        if self._region is not None:
            asked.setdefault("region", self._region)
        if isinstance(asked.get("shop"), str):
            asked["shop"] = id_named(self._sellers, str(asked["shop"])) or asked["shop"]
        named = CategoryFilters(self._categories, entry)
        if not any(key in raw for key in INSTEAD):
            asked = named.with_ids(asked)
        unknown = asked.keys() - WATCH_KEYS
        mistyped = "region" not in asked and any(map(_meant_as_region, unknown))

        def report(inner: tuple[str | int, ...], message: str) -> None:
            key = str(inner[0])
            inner = (named.written.get(key, key), *inner[1:])
            code = ProblemCode.UNKNOWN_FIELD if key in unknown else ProblemCode.INVALID
            if key == "shop" and self._sellers:
                message += nearest(str(raw["shop"]), self._sellers.values())
            if key != "region" or not mistyped:
                _inside(entry, inner).report(message, code, at_key=key in unknown)

        def warn(inner: tuple[str | int, ...], message: str) -> None:
            _inside(entry, inner).warn(message)

        query = parse_query(asked, report, name=name, of_rule=free, warn=warn)
        return None if named.wrong else self._unlike(query, entry)

    def _unlike(self, query: Query | None, entry: Entry) -> Query | None:
        """The query, unless it is a rule's second list of its own: that goes by its name."""
        if query is None or not query.of_rule:
            return query
        first = self._own.setdefault(query.own, entry)
        if first is not entry:
            entry.report(f"is the rule's second list, after {first}: name it under watches:")
        return query if first is entry else None

    def _free(self, name: str) -> str:
        """A name that no other watch has: health and status go by names."""
        taken = {watch.name for watch in self._by_key.values()} | set(self._named)
        names = chain([name], (f"{name} ({number})" for number in count(2)))
        return next(free for free in names if free not in taken)


def _inside(entry: Entry, path: tuple[str | int, ...]) -> Entry:
    for step in path:
        entry = entry[step]
    return entry


def _twice(entry: Entry, found: Sequence[Watch | None]) -> bool:
    """Whether a list names a watch that stands in it before; it is reported."""
    keys = [watch.key if watch is not None else "" for watch in found]
    again = [place for place, key in enumerate(keys) if key and key in keys[:place]]
    for place in again:
        first, each = (entry[index] for index in (keys.index(keys[place]), place))
        if isinstance(each.value, str) and each.value == first.value:
            each.report(f"names {quoted(each.value)} twice")
        else:
            each.report(f"is the same list as the one before it at {first}: it is read once")
    return bool(again)


def _meant_as_region(key: str) -> bool:
    return nearest_keys(key)[:1] == ["region"]


def _doubt(entry: Entry, query: Query, schedule: Schedule) -> None:
    if query.gives is Gives.LOOKUP and len(query.ids) >= MANY:
        month = schedule.scans_between(0, 30 * DAY) * query.pages
        entry["products"].warn(
            f"{len(query.ids):,} products cost {query.pages:,} credits a scan, "
            f"{month:,.0f} in 30 days"
        )
    for warning in query_warnings(query):
        entry["region"].warn(warning)
    if not isinstance(schedule, Cron) and "timezone" in entry:
        entry["timezone"].warn("only a cron line has a time zone")
    if schedule.scans_between(0, DAY) > DAY / HOUR:
        entry["every"].warn(
            f"{schedule} is more often than hourly: the data changes about once a day, "
            f"and each scan costs {count_of(query.pages, 'credit')}"
        )

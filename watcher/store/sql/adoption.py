"""The handing on of what is stored of watches when their keys change. A watch is its query; where
a book reads one query at two schedules, the schedule is part of it, and before m014 it always was.
So a key of the book without scans takes over what is stored under another key of its query: nothing
begins anew because a schedule was edited, or because there are two now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from watcher.identity import BookMarks, WatchMark, former_fingerprint, scheduled_key
from watcher.incident import About, Incident, IncidentKind
from watcher.model import Instant
from watcher.store.sql.connection import Connection
from watcher.store.sql.dialect import TEXT
from watcher.units import DAY, HOUR, MINUTE, format_duration

# Every table with a column that names a watch by its key: with what a watch can have once, with
# many, and with credits, which are added up. ``health`` names watches, too, and rules beside them.
ONE_ROW, ADDED_UP = ("watches", "asked", "lookups"), ("credits",)
MANY_ROWS = ("scans", "reservations", "alerts", "scan_days", "looks")
KNOWN = "known_watches"
# Seconds that a schedule of before m014 may have been, if it was edited since.
_GUESSES = (
    *range(MINUTE, DAY, MINUTE), *range(DAY, 60 * DAY, HOUR), *range(60 * DAY, 400 * DAY, DAY)
)  # fmt: skip


class _Known(Struct, frozen=True):
    """A watch as a book had it; ``query`` is the digest of what it asks for."""

    watch: str
    query: str
    schedule: str
    name: str
    rule: str

    @classmethod
    def of(cls, mark: WatchMark) -> _Known:
        return cls(mark.key, mark.asks, mark.schedule, mark.name, mark.rule)


class Adoption:
    """The way from the watches that are known to those of a book."""

    def __init__(self, db: Connection, marks: BookMarks) -> None:
        self._db = db
        self._marks = marks
        self._book = {mark.key: mark for mark in marks.watches}
        known = db.all(_Known, f"SELECT watch, query, schedule, name, rule FROM {KNOWN}")
        self._known = {each.watch: each for each in known}
        self._adopted: dict[str, str] = {}  # the stored key by that of the book

    def take_over(self, renamed: Mapping[str, str], *, of_rules: bool) -> None:
        """Have the watches without scans take over what is theirs: those that are known by the name
        of a rule (``renamed`` are new to old), or the others."""
        fresh = [mark for mark in self._without_scans() if bool(mark.rule) is of_rules]
        if not fresh:
            return
        for find in (self._alike, self._former, self._other, self._guessed):
            for mark in fresh:
                if mark.key not in self._adopted:
                    rule = renamed.get(mark.rule, mark.rule)
                    if (old := find(mark, rule)) is not None:
                        self._adopted[mark.key] = old
                        self._unknown.discard(old)
                        _hand_on(self._db, old, mark.key)

    def _alike(self, mark: WatchMark, rule: str) -> str | None:
        """The key of the same query and schedule."""
        found = (each for each in self._of_query(mark, rule) if each.schedule == mark.schedule)
        return next((each.watch for each in found), None)

    def _former(self, mark: WatchMark, _: str) -> str | None:
        """The key of before m014, if the schedule is still the same."""
        key = scheduled_key(mark.query, mark.schedule)
        return key if key in self._unknown else None

    def _other(self, mark: WatchMark, rule: str) -> str | None:
        """The key of the same query which was scanned last."""
        found = [each.watch for each in self._of_query(mark, rule)]
        return max(found, key=self._last_scan, default=None)

    def _guessed(self, mark: WatchMark, _: str) -> str | None:
        """The key of before m014, if it had another schedule: nothing says which one."""
        return next(iter(self._guesses(mark)), None)

    def _guesses(self, mark: WatchMark) -> list[str]:
        """The unknown keys that a watch may have had before m014."""
        if not self._unknown:
            return []
        keys = (scheduled_key(mark.query, text) for text in self._schedules())
        return [key for key in keys if key in self._unknown]

    def _schedules(self) -> Iterator[str]:
        yield from dict.fromkeys(mark.schedule for mark in self._marks.watches)
        for seconds in _GUESSES:
            yield f"every {format_duration(seconds)}"

    def _of_query(self, mark: WatchMark, rule: str) -> list[_Known]:
        """The known watches of a query that the book has no more, and nobody took over."""
        taken = {*self._book, *self._adopted.values()}
        return [
            each for key, each in self._known.items()
            if key not in taken and (each.query, each.rule) == (mark.asks, rule)
        ]  # fmt: skip

    def _without_scans(self) -> list[WatchMark]:
        sql = self._db.dialect
        scanned = self._db.all(
            str,
            f"SELECT w.value FROM {sql.rows_of(sort=TEXT)} "
            "WHERE EXISTS (SELECT 1 FROM scans AS s WHERE s.watch = w.value)",
            (sql.listed(self._book),),
        )
        fresh = self._book.keys() - scanned
        return [mark for key, mark in self._book.items() if key in fresh]

    @cached_property
    def _unknown(self) -> set[str]:
        """Keys that have scans and that no book had since m014."""
        rows = self._db.all(
            str,
            "SELECT DISTINCT s.watch FROM scans AS s "
            f"WHERE NOT EXISTS (SELECT 1 FROM {KNOWN} AS k WHERE k.watch = s.watch)",
        )
        return {*rows} - self._book.keys()

    def _last_scan(self, key: str) -> Instant:
        return self._db.number("SELECT max(id) FROM scans WHERE watch = ?", (key,))

    def former_marks(self, stored: Mapping[str, str]) -> dict[str, str]:
        """The fingerprints that rules have now, by those that they had before m014; ``stored`` are
        those that are known, by name."""
        found: dict[str, str] = {}
        for rule in self._marks.rules:
            mark = self._book.get(rule.watches[0]) if len(rule.watches) == 1 else None
            if mark is not None:
                former = {former_fingerprint(key, rule.conditions) for key in self._formers(mark)}
                if stored.get(rule.name, rule.fingerprint) not in {rule.fingerprint, *former}:
                    # Perhaps it was moved to another watch of the same query, which is none now.
                    guesses = self._guesses(mark)
                    former |= {former_fingerprint(key, rule.conditions) for key in guesses}
                found |= dict.fromkeys(former, rule.fingerprint)
        return found

    def _formers(self, mark: WatchMark) -> list[str]:
        """The keys that a watch had before m014, as far as that is known."""
        return [scheduled_key(mark.query, mark.schedule), self._adopted.get(mark.key, mark.key)]

    def note(self) -> None:
        """Write down the watches of the book; of others what has left scans behind is kept.
        Incidents go by a watch's name, and with it."""
        before = ((self._known.get(self._adopted.get(key, key)), key) for key in self._book)
        names = {
            known.name: self._book[key].name
            for known, key in before
            if known is not None and known.name != self._book[key].name
        }
        if names:
            _rename_incidents(self._db, names)
            _rename_groups(self._db, names)
        new = [each for each in map(_Known.of, self._book.values())
               if self._known.get(each.watch) != each]  # fmt: skip
        columns = _Known.__struct_fields__
        self._db.many(self._db.dialect.upsert(KNOWN, columns, columns[:1]), map(astuple, new))
        gone = self._known.keys() - self._book.keys()
        self._db.many(
            f"DELETE FROM {KNOWN} WHERE watch = ?1 "
            "AND NOT EXISTS (SELECT 1 FROM scans AS s WHERE s.watch = ?1)",
            ((key,) for key in sorted(gone)),
        )


def _hand_on(db: Connection, old: str, new: str) -> None:
    """Name all that one key has by another, which has nothing but perhaps credits."""
    for table in ONE_ROW:
        db.execute(f"DELETE FROM {table} WHERE watch = ?", (new,))
    for table in (*ONE_ROW, *MANY_ROWS):
        db.execute(f"UPDATE {table} SET watch = ? WHERE watch = ?", (new, old))
    for table in ADDED_UP:
        db.execute(
            f"INSERT INTO {table} (day, watch, used) SELECT day, CAST(?1 AS TEXT), used "
            f"FROM {table} WHERE watch = ?2 "
            f"ON CONFLICT (day, watch) DO UPDATE SET used = {table}.used + excluded.used",
            (new, old),
        )
        db.execute(f"DELETE FROM {table} WHERE watch = ?", (old,))
    db.execute("DELETE FROM health WHERE kind = 'watch' AND name = ?", (new,))
    db.execute("UPDATE health SET name = ? WHERE kind = 'watch' AND name = ?", (new, old))


def _rename_incidents(db: Connection, names: Mapping[str, str]) -> None:
    """Have incidents of watches whose names changed, old to new, go on under the new name."""
    rows = db.rows(
        "SELECT cause, kind, subject, fields FROM causes "
        "WHERE about = ? AND ended IS NULL ORDER BY cause",
        (About.WATCH.value,),
    )
    moved = [
        (cause, Incident(IncidentKind(kind), About.WATCH, names[subject], _names(fields)))
        for cause, kind, subject, fields in rows
        if subject in names
    ]
    _move_incidents(db, moved)


def _rename_groups(db: Connection, names: Mapping[str, str]) -> None:
    """Have the groups that are whole lists go by the lists' new names. By way of ids that nothing
    has, as above; a group that had the new name has the old one then."""
    move = "UPDATE products SET product_id = ? WHERE grouped_by = 'watch' AND product_id = ?"
    moved = [(f"watch={old}", f"watch=\x01{old}", f"watch={new}") for old, new in names.items()]
    for old, between, _ in moved:
        db.execute(move, (between, old))
    for old, between, new in moved:
        db.execute(move, (old, new))
        db.execute(move, (new, between))


def _names(fields: str) -> tuple[str, ...]:
    return msgspec.json.decode(fields, type=tuple[str, ...])


def _move_incidents(db: Connection, moved: Sequence[tuple[str, Incident]]) -> None:
    # By way of causes that nothing has: watches may hand on their names to each other.
    between = [f"\x01{number}" for number in range(len(moved))]
    for (cause, _), free in zip(moved, between, strict=True):
        db.execute("UPDATE causes SET cause = ? WHERE cause = ?", (free, cause))
    for (_, incident), free in zip(moved, between, strict=True):
        db.execute("DELETE FROM causes WHERE cause = ?", (incident.cause,))
        db.execute(
            "UPDATE causes SET cause = ?, subject = ? WHERE cause = ?",
            (incident.cause, incident.subject, free),
        )

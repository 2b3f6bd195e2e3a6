"""Rules that are new, changed or gone since the rule file was last read, and their alerts. A rule
is known by its name, and is the same while its fingerprint is; one that is gone while exactly one
new one has its fingerprint was renamed, which is a change too. What an older form of a rule fired
goes on as *carried*, so that it is not told again; what was only pending begins anew."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256

from watcher.identity import BookMarks, RuleMark
from watcher.model import Instant
from watcher.store.records import RuleChanges
from watcher.store.sql.adoption import Adoption
from watcher.store.sql.connection import Connection, Face
from watcher.units import DAY

REMOVED = "rule removed"
_REMEMBERED = DAY
# Of a rule that fires all day the newest are enough: one of them fired, or none has for long.
_NEWEST = 1_000


class Rules(Face):
    """Rules by name, each with the fingerprint it was last read with."""

    def sync(self, marks: BookMarks, now: Instant) -> RuleChanges:
        """Moves the rules and their alerts from what was known to a book's ``marks``, as one
        transaction. A removed rule's alerts end silently. One that comes back within a day finds
        them again. Of one that is not enabled what fires is carried and what is pending dropped."""
        given = {rule.name: rule.fingerprint for rule in marks.rules}
        with self._db.atomic():
            adoption = Adoption(self._db, marks)
            adoption.take_over({}, of_rules=False)
            move = _Move(self._db, given, adoption, now)
            move.hand_on_names()
            changes = move.begin(move.end_removed())
            adoption.take_over(dict(changes.renamed), of_rules=True)
            adoption.note()
            _settle_watches(self._db, marks.rules)
            for rule in marks.rules:
                if not rule.enabled:
                    _begin_anew(self._db, rule.name)
            # What never fired leaves no trace once its rule can't come back to it.
            self._db.execute(
                "DELETE FROM alerts WHERE state = 'inactive' AND fired_at IS NULL "
                "AND resolved_at < ?",
                (now - _REMEMBERED,),
            )
            begun = {*changes.new, *changes.changed}
            self._db.many(
                "INSERT INTO rules (name, fingerprint, began) VALUES (?1, ?2, ?3) ON CONFLICT "
                "(name) DO UPDATE SET fingerprint = ?2, ended = NULL, "
                "began = CASE WHEN ?4 = 1 THEN ?3 ELSE rules.began END",
                ((name, mark, now, int(name in begun)) for name, mark in given.items()),
            )
        return changes

    def ever_fired(self) -> set[tuple[str, str]]:
        """Name and fingerprint of each rule that fired since it was written so."""
        rows = self._db.rows(
            "SELECT r.name, r.fingerprint FROM rules AS r WHERE r.ended IS NULL AND EXISTS "
            "(SELECT 1 FROM alerts AS a WHERE a.rule = r.name AND a.fired_at >= r.began)"
        )
        return set(rows)

    def known_before(self, since: Instant) -> set[tuple[str, str]]:
        """Name and fingerprint of each rule that was written so before a time, and still is."""
        return set(
            self._db.rows(
                "SELECT name, fingerprint FROM rules WHERE ended IS NULL AND began <= ?", (since,)
            )
        )

    def not_fired_since(self, since: Instant) -> set[str]:
        """Names of the rules that are older than ``since`` and have not fired from then on."""
        names = self._db.all(
            str,
            "SELECT r.name FROM rules AS r WHERE r.ended IS NULL AND r.began < ?1 AND NOT EXISTS "
            "(SELECT 1 FROM alerts AS a WHERE a.rule = r.name AND a.state = 'firing') "
            "AND NOT EXISTS (SELECT 1 FROM (SELECT a.fired_at FROM alerts AS a "
            "WHERE a.rule = r.name ORDER BY a.id DESC LIMIT ?2) AS n WHERE fired_at >= ?1)",
            (since, _NEWEST),
        )
        return set(names)

    def kept_files(self) -> dict[str, bytes]:
        """The last good copies of files that rules name, by path."""
        rows = self._db.rows("SELECT path, packed FROM own_files")
        return {path: zlib.decompress(packed) for path, packed in rows}

    def keep_files(self, files: Mapping[str, bytes], now: Instant) -> None:
        """Have copies of exactly these files; what is kept already is not written again."""
        known: dict[str, str] = dict(self._db.rows("SELECT path, digest FROM own_files"))
        given = {path: sha256(content).hexdigest() for path, content in files.items()}
        with self._db.atomic():
            self._db.many(
                "DELETE FROM own_files WHERE path = ?", [(path,) for path in known.keys() - given]
            )
            self._db.many(
                self._sql.upsert("own_files", ("path", "at", "digest", "packed"), ("path",)),
                [
                    (path, now, digest, zlib.compress(files[path]))
                    for path, digest in given.items()
                    if known.get(path) != digest
                ],
            )


class _Move:
    """The way from the rules that are known to those that are ``given``: name to fingerprint."""

    def __init__(
        self, db: Connection, given: Mapping[str, str], adoption: Adoption, now: Instant
    ) -> None:
        self._db = db
        self._given = given
        self._now = now
        stored = db.rows("SELECT name, fingerprint, ended FROM rules ORDER BY name")
        former = adoption.former_marks({name: mark for name, mark, _ in stored})
        stored = [(name, former.get(mark, mark), ended) for name, mark, ended in stored]
        self._marks = {name: mark for name, mark, _ in stored}
        self._ended = {name: ended for name, _, ended in stored if ended is not None}
        self._alive = {name: mark for name, mark, ended in stored if ended is None}
        # Others find their alerts under their own names, as what they are now.
        self._come = {name: mark for name, mark in given.items() if self._marks.get(name) != mark}
        self._renamed = _renamed(self._alive, self._come, given)  # new name to old name
        self._left = {*self._renamed.values()}

    def hand_on_names(self) -> None:
        """Give renamed rules their new names."""
        for name in sorted(self._alive.keys() & (self._renamed.keys() - self._left)):
            _end(self._db, name, self._now)  # another rule takes its name: the rule itself is gone
        # By way of names that no rule has: names may be handed on from rule to rule.
        between = {name: f"\x01{number}" for number, name in enumerate(self._renamed)}
        for name, old in self._renamed.items():
            _rename(self._db, old, between[name])
        for name, free in between.items():
            _rename(self._db, free, name)

    def end_removed(self) -> list[str]:
        """End the rules that are given no more, by whatever name; their names."""
        removed = sorted(self._alive.keys() - self._given.keys() - self._left)
        for name in removed:
            _end(self._db, name, self._now)
        return removed

    def begin(self, removed: Sequence[str]) -> RuleChanges:
        """Begin with those that are given, each from what is known of it."""
        own = [name for name in self._given if name not in self._renamed]
        new = tuple(filter(self._is_new, own))
        known = [name for name in own if name not in new]
        returned = [name for name in known if name in self._ended]
        for name in returned:
            _revive(self._db, name, self._ended[name])
        changed = *self._renamed, *filter(self._come.__contains__, known)
        for name in changed:
            _begin_anew(self._db, name)
        renamed = tuple(self._renamed.items())
        return RuleChanges(new, changed, tuple(removed), tuple(returned), renamed)

    def _is_new(self, name: str) -> bool:
        """Whether it is not known, or ended so long ago that it is not known any more."""
        return name not in self._marks or self._ended.get(name, self._now) < self._now - _REMEMBERED


def _renamed(
    alive: Mapping[str, str], come: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """New name to old name, where one rule that left its name and one that came to its own share a
    fingerprint. A rule leaves its name where that is gone, or where another one was renamed to it:
    a rule that is only edited stays what it was, though a new one is now what it had been."""
    old, new = _single(dict(alive.items() - given.items())), _single(come)
    found = {name: old[mark] for mark, name in new.items() if mark in old}
    while stay := (given.keys() & found.values()) - found.keys():
        found = {name: was for name, was in found.items() if was not in stay}
    return found


def _single(marks: Mapping[str, str]) -> dict[str, str]:
    """Each fingerprint that one rule alone has, and the name of the rule."""
    counts = Counter(marks.values())
    return {mark: name for name, mark in marks.items() if counts[mark] == 1}


def _rename(db: Connection, old: str, new: str) -> None:
    db.execute("DELETE FROM rules WHERE name = ?", (new,))
    db.execute("UPDATE rules SET name = ? WHERE name = ?", (new, old))
    # Of an older rule of the new name nothing is live; its alerts stay as they ended, but what
    # was told of them is not of this one.
    for table in ("told", "held"):
        db.execute(f"DELETE FROM {table} WHERE rule = ?", (new,))
    for rows in ("alerts", "told", "held", "messages"):
        live = "AND state <> 'inactive'" if rows == "alerts" else ""
        db.execute(f"UPDATE {rows} SET rule = ? WHERE rule = ? {live}", (new, old))


def _settle_watches(db: Connection, rules: Sequence[RuleMark]) -> None:
    """Have each live alert belong to one of its rule's watches: to the only one, or to that which
    opened it; where the rule has left that one, to none of them so far."""
    own = {rule.name: rule.watches for rule in rules}
    moved = [
        (watches[0] if len(watches) == 1 else "", rule, watch)
        for rule, watch in db.rows(
            "SELECT DISTINCT rule, watch FROM alerts WHERE state <> 'inactive' ORDER BY rule, watch"
        )
        if (watches := own.get(rule)) and watch not in watches
    ]
    sql = "UPDATE alerts SET watch = ? WHERE rule = ? AND watch = ? AND state <> 'inactive'"
    db.many(sql, [each for each in moved if each[0] != each[2]])


def _begin_anew(db: Connection, rule: str) -> None:
    db.execute("UPDATE alerts SET carried = 1 WHERE rule = ? AND state = 'firing'", (rule,))
    db.execute("DELETE FROM alerts WHERE rule = ? AND state = 'pending'", (rule,))


def _end(db: Connection, rule: str, now: Instant) -> None:
    """Silently: the alerts end, and ``since`` stays so that they can be revived as they were."""
    db.execute(
        "INSERT INTO transitions (alert, at, before, after, reason) SELECT id, ?2, state, "
        "'inactive', ?3 FROM alerts WHERE rule = ?1 AND state <> 'inactive'",
        (rule, now, REMOVED),
    )
    db.execute(
        "UPDATE alerts SET state = 'inactive', resolved_at = ?2, reason = ?3 "
        "WHERE rule = ?1 AND state <> 'inactive'",
        (rule, now, REMOVED),
    )
    db.execute("UPDATE rules SET ended = ? WHERE name = ?", (now, rule))


def _revive(db: Connection, rule: str, ended: Instant) -> None:
    ended_with_it = "WHERE rule = ?1 AND resolved_at = ?2 AND reason = ?3 AND state = 'inactive'"
    db.execute(
        "DELETE FROM transitions WHERE reason = ?3 AND at = ?2 AND alert IN "
        f"(SELECT id FROM alerts {ended_with_it})",
        (rule, ended, REMOVED),
    )
    db.execute(
        "UPDATE alerts SET state = CASE WHEN fired_at IS NULL THEN 'pending' ELSE 'firing' END, "
        f"resolved_at = NULL, reason = NULL {ended_with_it}",
        (rule, ended, REMOVED),
    )

"""Rules that are new, changed or gone since the rule file was last read, and their alerts. A rule
is known by its name, and is the same while its fingerprint is; one that is gone while exactly one
new one has its fingerprint was renamed, which is a change too. What an older form of a rule fired
goes on as *carried*, so that it is not told again; what was only pending begins anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from watcher.model import Instant
from watcher.store.records import RuleChanges
from watcher.store.sqlite.connection import Connection, Face
from watcher.units import DAY

REMOVED = "rule removed"
_REMEMBERED = DAY
# Of a rule that fires all day the newest are enough: one of them fired, or none has for long.
_NEWEST = 1_000


class _StoredRule(Struct, frozen=True):
    fingerprint: str
    ended: Instant | None


class Rules(Face):
    """Rules by name, each with the fingerprint it was last read with."""

    def sync(self, rules: Sequence[tuple[str, str]], now: Instant) -> RuleChanges:
        """Moves the rules and their alerts from what was known to ``rules``, as one transaction. A
        removed rule's alerts end silently. One that comes back within a day finds them again."""
        with self._db.atomic():
            stored = self._db.rows("SELECT name, fingerprint, ended FROM rules")
            known = {name: _StoredRule(*row) for name, *row in stored}
            given = dict(rules)
            alive = {name for name, rule in known.items() if rule.ended is None}
            gone = alive - given.keys()
            marks = {name: rule.fingerprint for name, rule in known.items()}
            # Others find their alerts under their own names, as what they are now.
            come = {name: mark for name, mark in given.items() if marks.get(name) != mark}
            renamed = _renamed({name: marks[name] for name in sorted(alive)}, come, given)
            for name in sorted(alive & (renamed.keys() - set(renamed.values()))):
                _end(self._db, name, now)  # another rule takes its name: the rule itself is gone
            # By way of names that no rule has: names may be handed on from rule to rule.
            between = {name: f"\0{number}" for number, name in enumerate(renamed)}
            for name, old in renamed.items():
                _rename(self._db, old, between[name])
            for name in renamed:
                _rename(self._db, between[name], name)
            removed = sorted(gone - set(renamed.values()))
            for name in removed:
                _end(self._db, name, now)
            changed, new, returned = list(renamed), [], []
            for name, mark in given.items():
                before = known.get(name)
                if name in renamed:
                    _begin_anew(self._db, name)
                elif before is None or (before.ended or now) < now - _REMEMBERED:
                    new.append(name)
                else:
                    if before.ended is not None:
                        _revive(self._db, name, before.ended)
                        returned.append(name)
                    if before.fingerprint != mark:
                        _begin_anew(self._db, name)
                        changed.append(name)
            # What never fired leaves no trace once its rule can't come back to it.
            self._db.execute(
                "DELETE FROM alerts WHERE state = 'inactive' AND fired_at IS NULL "
                "AND resolved_at < ?",
                (now - _REMEMBERED,),
            )
            begun = {*new, *changed}
            self._db.many(
                "INSERT INTO rules (name, fingerprint, began) VALUES (?1, ?2, ?3) ON CONFLICT "
                "(name) DO UPDATE SET fingerprint = ?2, ended = NULL, "
                "began = CASE WHEN ?4 THEN ?3 ELSE rules.began END",
                ((name, mark, now, name in begun) for name, mark in given.items()),
            )
        return RuleChanges(
            tuple(new), tuple(changed), tuple(removed), tuple(returned), tuple(renamed.items())
        )

    def ever_fired(self) -> set[tuple[str, str]]:
        """Name and fingerprint of each rule that fired since it was written so."""
        rows = self._db.rows(
            "SELECT r.name, r.fingerprint FROM rules AS r WHERE r.ended IS NULL AND EXISTS "
            "(SELECT 1 FROM alerts AS a WHERE a.rule = r.name AND a.fired_at >= r.began)"
        )
        return set(rows)

    def not_fired_since(self, since: Instant) -> set[str]:
        """Names of the rules that are older than ``since`` and have not fired from then on."""
        names = self._db.all(
            str,
            "SELECT r.name FROM rules AS r WHERE r.ended IS NULL AND r.began < ?1 AND NOT EXISTS "
            "(SELECT 1 FROM alerts AS a WHERE a.rule = r.name AND a.state = 'firing') "
            "AND NOT EXISTS (SELECT 1 FROM (SELECT a.fired_at FROM alerts AS a "
            "WHERE a.rule = r.name ORDER BY a.id DESC LIMIT ?2) WHERE fired_at >= ?1)",
            (since, _NEWEST),
        )
        return set(names)


def _renamed(
    alive: Mapping[str, str], come: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """New name to old name, where one rule that left its name and one that came to its own share a
    fingerprint. A rule leaves its name where that is gone, or where another one was renamed to it:
    a rule that is only edited stays what it was, though a new one is now what it had been."""
    left = {name: mark for name, mark in alive.items() if given.get(name) != mark}
    counts = Counter(left.values()), Counter(come.values())
    old = {mark: name for name, mark in left.items() if counts[0][mark] == 1}
    found = {name: old[mark] for name, mark in come.items() if counts[1][mark] == 1 and mark in old}
    while stay := [name for name, was in found.items() if was in given and was not in found]:
        for name in stay:
            del found[name]
    return found


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

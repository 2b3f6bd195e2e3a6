"""Products that people follow, and ids that are read before the next scan of their list."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from watcher.model import Instant
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT

# Seconds until what could not be read is asked for again, by how often that was tried; then no
# more: the list's next scan asks for it anyway.
RETRIES = (60, 15 * 60, 3_600, 6 * 3_600)
LONGEST_NOTE = 200  # characters, as the page's form takes
# The watch under which products are recorded that no scan of a watch has read.
LOOKUPS = "lookups"


class Follow(Struct, frozen=True):
    """A product that somebody follows, since when, and why."""

    product_id: str
    since: Instant
    note: str = ""


class Followed(Face):
    """The list ``followed``: ids of products, each once."""

    def add(self, ids: Iterable[str], now: Instant, note: str | None = None) -> Sequence[str]:
        """Follow these; return those that were not followed before. Of the others the ``note`` is
        renewed, where one is given."""
        given = builtins.list(dict.fromkeys(ids))
        with self._db.atomic():
            there = self._of(given)
            new = [each for each in given if each not in there]
            self._db.many(
                "INSERT INTO followed (product_id, since, note) VALUES (?, ?, ?)",
                ((each, now, note or "") for each in new),
            )
            if note is not None:
                self._db.many(
                    "UPDATE followed SET note = ? WHERE product_id = ?",
                    ((note, each) for each in there),
                )
        return new

    def remove(self, ids: Iterable[str]) -> Sequence[str]:
        """Follow these no more; return those that were followed."""
        given = builtins.list(dict.fromkeys(ids))
        with self._db.atomic():
            there = self._of(given)
            self._db.many("DELETE FROM followed WHERE product_id = ?", ((each,) for each in there))
        return [each for each in given if each in there]

    def get(self, product_id: str) -> Follow | None:
        return self._of([product_id]).get(product_id)

    def ids(self) -> tuple[str, ...]:
        """Return all ids, the one that was followed first comes first."""
        return tuple(
            self._db.all(str, "SELECT product_id FROM followed ORDER BY since, product_id")
        )

    def list(self) -> builtins.list[Follow]:
        """All, the newest first."""
        sql = "SELECT product_id, since, note FROM followed ORDER BY since DESC, product_id"
        return self._db.all(Follow, sql)

    def _of(self, ids: Sequence[str]) -> Mapping[str, Follow]:
        rows = self._db.all(
            Follow,
            "SELECT product_id, since, note FROM followed "
            f"WHERE product_id IN {self._sql.among(sort=TEXT)}",
            (self._sql.listed(ids),),
        )
        return {each.product_id: each for each in rows}


class Lookup(Struct, frozen=True):
    """An id that was added to a watch: ``done`` is when the source answered, whatever it said."""

    product_id: str
    added: Instant
    done: Instant | None
    tries: int
    next_try: Instant


class Lookups(Face):
    """Ids that were added to lists of one's own, and are read before the next scan."""

    def of(self, watch: str) -> Mapping[str, Lookup]:
        """Return those of a watch, by id."""
        rows = self._db.all(
            Lookup,
            "SELECT product_id, added, done, tries, next_try FROM lookups WHERE watch = ? "
            "ORDER BY added, product_id",
            (watch,),
        )
        return {each.product_id: each for each in rows}

    def asked(self, watch: str) -> AbstractSet[str]:
        """Ids of the watch that were asked for, by scans or here, and the source answered."""
        here = (each.product_id for each in self.of(watch).values() if each.done is not None)
        return {*self.asked_by_scans(watch), *here}

    def asked_by_scans(self, watch: str) -> frozenset[str]:
        """Ids that the watch's newest complete scan asked for; none before its first."""
        sql = "SELECT product_id FROM asked WHERE watch = ? AND until IS NULL"
        return frozenset(self._db.all(str, sql, (watch,)))

    def due(self, watch: str, ids: Iterable[str], now: Instant) -> Sequence[str]:
        """Note these ids as added, where they are new, and return those that are to be read now."""
        known, given = self.of(watch), builtins.list(dict.fromkeys(ids))
        self._db.many(
            "INSERT INTO lookups (watch, product_id, added, done, tries, next_try) "
            "VALUES (?, ?, ?, NULL, 0, ?)",
            ((watch, each, now, now) for each in given if each not in known),
        )
        return [each for each in given if each not in known or _is_due(known[each], now)]

    def next_try(self, watch: str) -> Instant | None:
        """The time of the next try of any id of the watch; None where nothing is to be tried."""
        open_ = [each for each in self.of(watch).values() if _is_open(each)]
        return min((each.next_try for each in open_), default=None)

    def answered(self, watch: str, ids: Iterable[str], now: Instant) -> None:
        """The source answered for these."""
        self._db.many(
            "UPDATE lookups SET done = ? WHERE watch = ? AND product_id = ?",
            ((now, watch, each) for each in ids),
        )

    def failed(
        self, watch: str, ids: Iterable[str], now: Instant, until: Instant | None = None
    ) -> None:
        """These could not be read: they are tried again, later each time, or at ``until``, where
        it is known that no sooner try helps; that one does not count. Those that were taken out of
        the list meanwhile are not."""
        known = self.of(watch)
        tries = {each: known[each].tries + (until is None) for each in ids if each in known}
        self._db.many(
            "UPDATE lookups SET tries = ?, next_try = ? WHERE watch = ? AND product_id = ?",
            ((tried, until or now + _wait(tried), watch, each) for each, tried in tries.items()),
        )

    def keep_only(self, watch: str, ids: Iterable[str]) -> None:
        """Forget the watch's ids that are none of these: a scan has asked for them, or they were
        removed from the list."""
        gone = self.of(watch).keys() - set(ids)
        self._db.many(
            "DELETE FROM lookups WHERE watch = ? AND product_id = ?",
            ((watch, each) for each in sorted(gone)),
        )

    def keep_watches(self, watches: Iterable[str]) -> None:
        """Forget what belongs to other watches than these."""
        self._db.execute(
            f"DELETE FROM lookups WHERE watch NOT IN {self._sql.among(sort=TEXT)}",
            (self._sql.listed(watches),),
        )


def _is_open(lookup: Lookup) -> bool:
    return lookup.done is None and lookup.tries <= len(RETRIES)


def _wait(tries: int) -> int:
    """Seconds until the next try after so many."""
    return RETRIES[min(tries, len(RETRIES)) - 1] if tries else 0


def _is_due(lookup: Lookup, now: Instant) -> bool:
    return _is_open(lookup) and lookup.next_try <= now

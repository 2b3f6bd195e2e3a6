"""The one place by which people write: each write is stored together with the record of who did
it, both or neither. What changes nothing leaves no record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.model import Instant
from watcher.page_text import PAGE_FILE
from watcher.people import AuditRecord, Author, Role, WriteKind
from watcher.store.ports import Store
from watcher.store.sql.followed import Follow
from watcher.store.sql.page_rules import PageVersion
from watcher.store.sql.people import Person
from watcher.store.sql.silences import Silence

_NAMED = 20  # of many things that are written at once; the others are counted


@dataclass(frozen=True, slots=True)
class Audited:
    """A store as somebody writes it ``now``. On the store's thread."""

    database: Store
    author: Author
    now: Instant

    def note(
        self,
        what: str,
        subject: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Record a write, inside the transaction of it: ``before`` and ``after`` are the values
        that it changes, by name; None where there was or is nothing."""
        self.database.audit.note(self.author, self.now, what, subject, before, after)

    def silence(self, *, ends: Instant, comment: str = "", **patterns: str | None) -> Silence:
        """A new silence from now on; raises as ``Silences.add``."""
        with self.database.atomic():
            made = self.database.silences.add(
                begins=self.now, ends=ends, comment=comment, **patterns
            )
            self.note(WriteKind.SILENCE, str(made.id), None, _silence(made))
        return made

    def end_silence(self, silence: int) -> bool:
        """End it now; False where it is over already, or never was."""
        with self.database.atomic():
            before = self.database.silences.get(silence)
            if before is None or not self.database.silences.end(silence, self.now):
                return False
            known = _silence(before)
            self.note(WriteKind.END_SILENCE, str(silence), known, {**known, "ends": self.now})
        return True

    def silence_products(
        self, patterns: Sequence[Mapping[str, str]], ends: Instant, comment: str,
        alerts: Iterable[int],
    ) -> Sequence[int]:  # fmt: skip
        """New silences from now on, one for each of these patterns of a product, for the sake of
        these alerts: one record of all; return their ids."""
        with self.database.atomic():
            made = [
                self.database.silences.add(begins=self.now, ends=ends, comment=comment, **each).id
                for each in patterns
            ]
            if made:
                known: dict[str, Any] = {"alerts": _joined(f"A{each}" for each in alerts)}
                for name, plural in (("rule", "rules"), ("product", "products")):
                    known[plural] = _joined(each[name] for each in patterns if name in each)
                known |= {"ends": ends, "comment": comment, **_every("silences", made)}
                given = {name: value for name, value in known.items() if value}
                self.note(WriteKind.SILENCE, listed(made), None, given)
        return made

    def end_silences(self, silences: Iterable[int]) -> Sequence[int]:
        """End these now, with one record; return those that were not over."""
        with self.database.atomic():
            ended = [each for each in silences if self.database.silences.end(each, self.now)]
            if ended:
                after = {"ends": self.now, **_every("silences", ended)}
                self.note(WriteKind.END_SILENCE, listed(ended), None, after)
        return ended

    def follow(self, ids: Iterable[str], note: str | None = None) -> Sequence[str]:
        """Follow products; return those that are new. Of the others a note is renewed."""
        given = list(dict.fromkeys(ids))
        followed = self.database.followed
        with self.database.atomic():
            there = self._followed(given)
            new = followed.add(given, self.now, note)
            renewed = [
                each for each, known in there.items() if note is not None and known.note != note
            ]
            if new or renewed:
                before = [there[each] for each in renewed]
                changed = [Follow(each, self.now, note or "") for each in (*new, *renewed)]
                self.note(
                    WriteKind.FOLLOW, listed((*new, *renewed)), _notes(before), _notes(changed)
                )
        return new

    def unfollow(self, ids: Iterable[str]) -> Sequence[str]:
        """Follow products no more; return those that were followed."""
        given = list(dict.fromkeys(ids))
        followed = self.database.followed
        with self.database.atomic():
            there = self._followed(given)
            gone = followed.remove(given)
            if gone:
                self.note(WriteKind.UNFOLLOW, listed(gone), _notes([*there.values()]), None)
        return gone

    def _followed(self, ids: Sequence[str]) -> Mapping[str, Follow]:
        """The products of these that are followed, by id."""
        wanted = set(ids)
        return {
            each.product_id: each
            for each in self.database.followed.list()
            if each.product_id in wanted
        }

    def retry(self, ids: Sequence[int] | None, target: str | None = None) -> Sequence[int]:
        """Send messages again; return the ids of those that are. As ``Outbox.retry``."""
        return self._move(WriteKind.RETRY, ids, target)

    def drop(self, ids: Sequence[int] | None, target: str | None = None) -> Sequence[int]:
        """Give messages up; return the ids of those that are. As ``Outbox.drop``."""
        return self._move(WriteKind.DROP, ids, target)

    def _move(
        self, what: WriteKind, ids: Sequence[int] | None, target: str | None
    ) -> Sequence[int]:
        outbox = self.database.outbox
        move, after = (
            (outbox.retry, "waiting") if what is WriteKind.RETRY else (outbox.drop, "dropped")
        )
        with self.database.atomic():
            before = outbox.open_states(ids, target)
            moved = move(ids, self.now, target)
            if moved:
                states = Counter(before[each] for each in moved)
                self.note(what, listed(moved), dict(states), {after: len(moved)})
        return moved

    def acknowledge(self, alerts: Iterable[int]) -> int:
        """Have nobody reminded of alerts that fire; of how many that is new."""
        given = list(dict.fromkeys(alerts))
        with self.database.atomic():
            known = self.database.alerts.acknowledged(given)
            done = self.database.alerts.acknowledge(given, self.now)
            if done:
                new = sorted(self.database.alerts.acknowledged(given) - known)
                names = [f"A{each}" for each in new]
                self.note(
                    WriteKind.ACKNOWLEDGE, listed(names),
                    {"acknowledged": None}, {"acknowledged": self.now, **_every("alerts", names)},
                )  # fmt: skip
        return done

    def take_back(self, alerts: Iterable[int]) -> int:
        """Have people reminded of alerts again; of how many they were not."""
        given = list(dict.fromkeys(alerts))
        with self.database.atomic():
            known = [
                each for each in self.database.alerts.stated(given) if each.acknowledged is not None
            ]
            done = self.database.alerts.take_back(given)
            if done:
                names = [f"A{each.id}" for each in known]
                self.note(
                    WriteKind.TAKE_BACK, listed(names), {"acknowledged": known[0].acknowledged},
                    {"acknowledged": None, **_every("alerts", names)},
                )  # fmt: skip
        return done

    def revoke_links(self, ids: Sequence[int]) -> int:
        """Have links of messages hold no more; how many of them did."""
        chosen = set(ids)
        with self.database.atomic():
            links = self.database.links.list()
            told = {each.notification for each in links if each.id in chosen}
            done = self.database.links.revoke(ids, self.now)
            if done:
                self.note(
                    WriteKind.REVOKE_LINKS, listed(sorted(told)),
                    {"links": done}, {"links": 0},
                )  # fmt: skip
        return done

    def edit_rules(self, text: str, *, base: int, restores: int | None = None) -> PageVersion:
        """Have another text for the rules of the page; raises as ``PageRules.save``. The texts
        themselves are kept as versions."""
        with self.database.atomic():
            made = self.database.page_rules.save(
                text, self.now, base=base, who=self.author.name, restores=restores
            )
            if made.number != base:
                again = {} if restores is None else {"as": restores}
                self.note(
                    WriteKind.EDIT_RULES, PAGE_FILE, {"version": base} if base else None,
                    {"version": made.number, **again, "bytes": made.size},
                )  # fmt: skip
        return made

    def add_person(self, name: str, role: Role, digest: str) -> Person:
        """Have somebody of that name come in by a token; ``ValueError`` where one is there."""
        with self.database.atomic():
            made = self.database.people.add(name, role, digest, self.now)
            self.note(WriteKind.ADD_PERSON, made.name, None, {"role": role.word})
        return made

    def revoke_person(self, person: Person) -> bool:
        """Have the token open nothing any more; False where it did not."""
        with self.database.atomic():
            if not self.database.people.revoke(person.id, self.now):
                return False
            role = {"role": person.role.word}
            self.note(WriteKind.REVOKE_PERSON, person.name, role, {**role, "revoked": self.now})
        return True

    def forget_person(self, name: str) -> bool:
        """Remove all who had that name and whose tokens were revoked; False where there is
        nobody."""
        with self.database.atomic():
            gone = self.database.people.forget(name)
            for each in gone:
                known = {"role": each.role.word, "revoked": each.revoked}
                self.note(WriteKind.FORGET_PERSON, each.name, known, None)
        return bool(gone)


def listed(names: Iterable[object]) -> str:
    """Names of what was written at once, as a record's subject: the first of many."""
    given = list(map(str, names))
    rest = len(given) - _NAMED
    return ", ".join((*given[:_NAMED], *([f"+{rest}"] if rest > 0 else [])))


def written_of(record: AuditRecord) -> set[str]:
    """All that a record is about, also where its subject has only the first of many."""
    after = record.after or {}
    every = (after.get(name, "") for name in ("alerts", "silences"))
    return {*record.subject.split(", "), *(each for text in every for each in text.split(", "))}


def _every(name: str, names: Sequence[object]) -> dict[str, Any]:
    """All of them under a name, where a subject has not all."""
    return {name: _joined(names)} if len(names) > _NAMED else {}


def _joined(names: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(map(str, names)))


def _silence(silence: Silence) -> dict[str, Any]:
    known: dict[str, Any] = dict(silence.patterns)
    known["ends"] = silence.until
    return known | ({"comment": silence.comment} if silence.comment else {})


def _notes(followed: Sequence[Follow]) -> dict[str, Any] | None:
    """The notes of products that are followed: of one its own, of several those that differ."""
    if not followed:
        return None
    notes = listed(dict.fromkeys(each.note for each in followed))
    return {"note": notes} if len(followed) == 1 else {"products": len(followed), "note": notes}

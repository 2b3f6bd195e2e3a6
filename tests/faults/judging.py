"""What a kill left behind, and whether the two worlds were told the same."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import msgspec

from tests.faults.days import Days
from tests.faults.gated import ABROAD, LOOSE, LOOSE_CHANNELS
from tests.faults.sink import Delivery, Fact, moved
from tests.faults.wishes import FACTS
from tests.faults.world import Installation
from watcher.daemon.scheduling.budget import CHECKPOINT
from watcher.message import Also, Item, Message
from watcher.text.messages import text_of, title_of

_WORKERS = 2
_SHOWN = 12
_NOTIFICATIONS = (
    "SELECT n.id, n.target, m.body FROM notifications AS n JOIN messages AS m "
    "ON m.id = n.message ORDER BY n.id"
)

Mark = tuple[str, str, str]


@dataclass
class Autopsy:
    """The database right after a kill, read from a copy: SQLite's recovery is the daemon's own
    to do on the original. ``states`` are the notifications' by their id, ``messages`` the ids by
    their marks."""

    incarnation: int
    trap: str
    ready: bool
    intact: str = "ok"
    reserved: int = 0
    states: dict[int, str] = field(default_factory=dict)
    messages: dict[Mark, list[int]] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)

    @property
    def phase(self) -> str:
        """What the daemon was at."""
        if not self.ready:
            return "starting"
        sending = "waiting" in self.states.values()
        if self.reserved:
            return "scanning and sending" if sending else "scanning"
        return "sending" if sending else "between"


async def examine(world: Installation, incarnation: int, trap: str, *, ready: bool) -> Autopsy:
    """Copy what is on the disk, and look at the copy."""
    autopsy = Autopsy(incarnation, trap, ready)
    database = world.watcher.database
    if not database.exists():
        return autopsy
    with tempfile.TemporaryDirectory(prefix="watcher-autopsy-") as folder:
        for suffix in ("", "-wal"):
            source = database.with_name(database.name + suffix)
            if source.exists():
                shutil.copyfile(source, Path(folder) / source.name)
        try:
            await asyncio.to_thread(_look, Path(folder) / database.name, autopsy)
        except sqlite3.DatabaseError as error:
            autopsy.intact = str(error)
    return autopsy


def _look(database: Path, autopsy: Autopsy) -> None:
    with closing(sqlite3.connect(database)) as conn:
        autopsy.intact = ", ".join(row[0] for row in conn.execute("PRAGMA integrity_check"))
        tables = {row[0] for row in conn.execute("SELECT name FROM sqlite_schema")}
        if "reservations" in tables:
            autopsy.reserved = conn.execute("SELECT count(*) FROM reservations").fetchone()[0]
            autopsy.states = dict(conn.execute("SELECT id, state FROM notifications"))
            autopsy.messages = _by_mark(conn.execute(_NOTIFICATIONS))


@dataclass
class Report:
    """Counts of a run, and every breach of what is promised."""

    kills: int
    days: int
    facts: int
    messages: int
    rows: int
    repeats: int
    repeated_facts: int
    arrived: int
    credits: int
    traps: Counter[str]
    phases: Counter[str]
    by_rule: Counter[str]
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0
    births: int = 0

    def __str__(self) -> str:
        told = ", ".join(f"{rule} {count}" for rule, count in sorted(self.by_rule.items()))
        lines = [
            f"{self.kills} kills over {self.days} market days in {self.seconds:.0f} s",
            f"  killed while: {_counts(self.phases)}",
            f"  sprung by: {_counts(self.traps)}",
            f"  told in the undisturbed world: {self.facts} facts ({told})",
            f"  told in the killed world: {self.messages} messages of {self.rows} notifications",
            f"  repeated messages: {self.repeats}, with {self.repeated_facts} facts",
            f"  requests: {self.arrived}, credits in the ledger: {self.credits}",
            f"  killed while a database was made: {self.births}",
            f"  breaches: {len(self.breaches)}",
        ]
        return "\n".join([*lines, *(f"  BREACH {breach}" for breach in self.breaches[:_SHOWN])])


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def judge(
    killed: Installation, calm: Installation, autopsies: list[Autopsy], codes: dict[str, int]
) -> Report:
    """Compare, and look for every breach."""
    expected = facts_of(calm)
    rows = notifications(killed)
    for autopsy in autopsies:  # what was joined since then tells something else by now
        for mark, ids in autopsy.messages.items():
            rows.setdefault(mark, ids)
    repeats = repeats_of(killed.sink.taken)
    report = Report(
        kills=len(autopsies),
        days=killed.day,
        facts=len(expected),
        messages=len(killed.sink.taken),
        rows=sum(len(ids) for ids in rows.values()),
        repeats=sum(len(again) - 1 for again in repeats.values()),
        repeated_facts=sum(
            len(each.facts()) * 1 for again in repeats.values() for each in again[1:]
        ),
        arrived=killed.simulator.arrived,
        credits=killed.number("SELECT sum(used) FROM credits"),
        traps=Counter(autopsy.trap for autopsy in autopsies),
        phases=Counter(autopsy.phase for autopsy in autopsies),
        by_rule=Counter(fact.rule for fact in expected),
    )
    report.breaches += _differences(expected, facts_of(killed))
    report.breaches += _unproven(repeats, rows, autopsies, killed)
    report.breaches += [
        f"undisturbed, but repeated: {mark}" for mark in repeats_of(calm.sink.taken)
    ]
    for autopsy in autopsies:
        where = f"kill {autopsy.incarnation} ({autopsy.trap})"
        if autopsy.intact != "ok":
            report.breaches.append(f"{where}: {autopsy.intact}")
        report.breaches += [f"{where}: {line}" for line in autopsy.strange]
    for world in (killed, calm):
        report.breaches += doubled(world)
        kills = len(autopsies) if world is killed else 0
        report.breaches += [f"{world.name}: {each}" for each in at_rest(world, kills)]
        if codes[world.name]:
            report.breaches.append(f"{world.name}: exit code {codes[world.name]}")
    return report


def facts_of(world: Days) -> set[Fact]:
    """All that the world's targets were told, but for what goes by the hour or names a folder."""
    return {
        fact
        for delivery in world.sink.taken
        for fact in delivery.facts()
        if not fact.target.startswith(LOOSE) and FACTS not in fact.rule
    }


def _differences(expected: set[Fact], told: set[Fact]) -> list[str]:
    lost = [f"never told: {fact}" for fact in sorted(expected - told)]
    return lost + [f"told only where kills fell: {fact}" for fact in sorted(told - expected)]


def notifications(world: Days) -> dict[Mark, list[int]]:
    """The outbox's rows by what tells their messages apart, but for those of ``ABROAD``."""
    return _by_mark(world.query(_NOTIFICATIONS))


def _by_mark(rows: Iterable[tuple[int, str, bytes]]) -> dict[Mark, list[int]]:
    found: dict[Mark, list[int]] = {}
    for row, target, body in rows:
        if target == ABROAD:
            continue
        message = msgspec.json.decode(body, type=Message)
        alerts = [each.alert for each in _words(message)] + [*_steps(message)]
        mark = target, title_of(message), ", ".join(alerts) or text_of(message)
        found.setdefault(mark, []).append(row)
    return found


def _words(message: Message) -> list[Item | Also]:
    """What each rule says of each product, in their order."""
    words = list[Item | Also]()
    for item in message.items:
        words += [item, *item.also]
    return words


def _steps(message: Message) -> list[str]:
    """What moved of the prices that are told again, as ``alerts_in`` has it."""
    steps = ((each.value, each.baseline) for word in _words(message) for each in word.again)
    return [
        moved(value, before)
        for value, before in steps
        if isinstance(value, int | float) and isinstance(before, int | float)
    ]


def doubled(world: Days) -> list[str]:
    """Alerts of which two notifications tell one target the same; a further step is another, and
    one that waited in vain is told by the one that took it in."""
    seen: Counter[tuple[str, ...]] = Counter()
    for target, body in world.query(
        "SELECT n.target, m.body FROM notifications AS n JOIN messages AS m ON m.id = n.message "
        "WHERE n.state <> 'joined'"
    ):
        message = msgspec.json.decode(body, type=Message)
        words = [each for each in _words(message) if each.kind != "reminder"]
        seen.update(
            (target, each.alert, each.kind, str(each.again), str(each.told_as)) for each in words
        )
    return [f"{world.name}: told {n} times: {what}" for what, n in seen.items() if n > 1]


def repeats_of(taken: list[Delivery]) -> dict[Mark, list[Delivery]]:
    """Deliveries of what was delivered more than once, in order."""
    found: dict[Mark, list[Delivery]] = {}
    for delivery in taken:
        found.setdefault(delivery.mark, []).append(delivery)
    return {mark: each for mark, each in found.items() if len(each) > 1}


def _unproven(
    repeats: dict[Mark, list[Delivery]],
    rows: dict[Mark, list[int]],
    autopsies: list[Autopsy],
    world: Installation,
) -> list[str]:
    """Repeats that no kill between the service's taking and the mark explains."""
    by_incarnation = {autopsy.incarnation: autopsy for autopsy in autopsies}
    last = {(each.incarnation, each.target): each for each in world.sink.taken}
    breaches = [
        f"told by two notifications: {mark} {ids}" for mark, ids in rows.items() if len(ids) > 1
    ]
    breaches += [
        f"no notification is known of: {each.mark}"
        for each in world.sink.taken
        if each.mark not in rows and each.target != ABROAD
    ]
    blamed: Counter[tuple[int, str]] = Counter()
    for mark, deliveries in repeats.items():
        if mark not in rows:
            continue
        row = rows[mark][0]
        sent = world.number(
            "SELECT count(*) FROM tries WHERE notification = ? AND outcome = 'sent'", row
        )
        ended = world.query("SELECT state FROM notifications WHERE id = ?", row)
        if sent != (ended != [("joined",)]):
            breaches.append(f"marked sent {sent} times: {mark}")
        for before, after in pairwise(deliveries):
            autopsy = by_incarnation.get(before.incarnation)
            blamed[before.incarnation, before.target] += 1
            if autopsy is None:
                breaches.append(f"repeated without a kill: {mark}")
            elif autopsy.states.get(row) != "waiting":
                state = autopsy.states.get(row)
                breaches.append(f"repeated though {state} at the kill: {mark}")
            if last[before.incarnation, before.target] is not before:
                breaches.append(f"repeated though another was sent after it: {mark}")
            if after.incarnation <= before.incarnation:
                breaches.append(f"repeated by the same incarnation: {mark}")
    breaches += [f"{n} repeats of one kill: {where}" for where, n in blamed.items() if n > 1]
    return breaches


def at_rest(world: Installation, kills: int) -> list[str]:
    """What is wrong with the database after a clean stop."""
    breaches = []
    intact = world.watcher.query("PRAGMA integrity_check")
    if intact != [("ok",)]:
        breaches.append(f"integrity: {intact}")
    if left := world.number("SELECT count(*) FROM reservations"):
        breaches.append(f"{left} reservations are left")
    if waiting := world.number(
        "SELECT count(*) FROM notifications WHERE state NOT IN ('sent', 'joined') "
        f"AND channel NOT IN {LOOSE_CHANNELS}"
    ):
        breaches.append(f"{waiting} notifications are not sent")
    arrived, used = world.simulator.arrived, world.number("SELECT sum(used) FROM credits")
    if not arrived <= used <= arrived + kills * _WORKERS * CHECKPOINT:
        breaches.append(f"{used} credits for {arrived} requests and {kills} kills")
    return breaches

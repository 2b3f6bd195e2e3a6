"""What a run leaves for its judge: what the ends saw and what the store holds, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.fleet.books import CAPPED, PACE, PACED, SEVERAL
from tests.faults.fleet.faulting import Fault
from tests.faults.fleet.leases import Spell
from tests.faults.fleet.source import Asked
from tests.faults.fleet.world import Fleet, FleetBook
from tests.faults.judging import Mark, doubled, notifications
from tests.faults.pair import strange_lines
from tests.faults.sink import Delivery


@dataclass
class BookEvidence:
    """Of one book: messages as the service took them, requests as the source counted them, leases
    as the server granted them; and the store after the end. ``marked`` has how often each
    notification was marked as sent, ``alerts`` how many there are of (rule, product, state),
    where no luck decides that."""

    name: str
    taken: list[Delivery] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)
    rows: dict[Mark, list[int]] = field(default_factory=dict)
    marked: dict[int, int] = field(default_factory=dict)
    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    used: int = 0
    pace: float | None = None
    wrong: list[str] = field(default_factory=list)


@dataclass
class Evidence:
    """Of a whole fleet. ``loud`` counts what its daemons' logs warned of, by event."""

    books: dict[str, BookEvidence]
    faults: Sequence[Fault] = ()
    caps: Sequence[tuple[float, int]] = ()
    stalls: Sequence[tuple[float, float]] = ()
    days: dict[str, int] = field(default_factory=dict)
    loud: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


# Whatever befalls it, no part of a daemon may die or stand still of it.
_NEVER = ("task died", "a scan broke", "the reload broke; the old rules stay")
# ... but of the database, which was away or is another's: it goes on by itself.
_OF_THE_STORE = ("lease", "another daemon has", "postgresql://")
_AT_REST = {
    "reservations are left": "SELECT count(*) FROM reservations",
    "notifications are not sent": "SELECT count(*) FROM notifications WHERE state <> 'sent'",
    "scans of one watch for one time": "SELECT count(*) FROM (SELECT 1 FROM scans "
    "GROUP BY watch, at HAVING count(*) > 1) AS twice",
    "scans of one watch at one time": "SELECT count(*) FROM scans AS a JOIN scans AS b "
    "ON b.watch = a.watch AND b.id > a.id AND b.started < a.finished AND b.finished > a.started",
}


def collect(fleet: Fleet, faults: Sequence[Fault]) -> Evidence:
    """After a clean stop."""
    killed = {fault.who for fault in faults if fault.kind == "kill"}
    wrong, loud = [], Counter[str]()
    for member in fleet.past:
        who, log = f"{fleet.name}, incarnation {member.incarnation}", member.daemon.log
        wrong += [f"{who}: {line}" for line in log if _is_wrong(line)]
        wrong += [f"{who}: {line.rstrip()}" for line in member.daemon.other if line.strip()]
        code = member.daemon.process.returncode
        if code != (-9 if member.incarnation in killed else 0):
            wrong.append(f"{who} ended with {code}: {log[-12:]}")
        if not faults:
            strange = strange_lines(member.daemon)
            # A cap that is reached is told at each scan that is not begun.
            wrong += [f"{who}: {line}" for line in strange if "scan skipped" not in line]
        levels = ("warning", "error", "critical")
        loud.update(str(line.get("event")) for line in log if line.get("level") in levels)
    return Evidence(
        books={name: _of(book, fleet) for name, book in fleet.books.items()},
        faults=faults,
        caps=fleet.caps,
        stalls=fleet.stalls,
        days={name: book.day for name, book in fleet.books.items()},
        loud=loud,
        wrong=wrong,
    )


def _is_wrong(line: Mapping[str, object]) -> bool:
    """Whether a part of a daemon died of itself."""
    error = str(line.get("error"))
    return line.get("event") in _NEVER and not any(each in error for each in _OF_THE_STORE)


def _of(book: FleetBook, fleet: Fleet) -> BookEvidence:
    alerts = book.query(
        "SELECT a.rule, p.product_id, a.state FROM alerts AS a JOIN products AS p "
        "ON p.id = a.product WHERE a.rule <> ?",
        SEVERAL,
    )
    found = {what: book.number(sql) for what, sql in _AT_REST.items()}
    return BookEvidence(
        name=book.name,
        taken=book.sink.taken,
        asked=book.source.asked_by,
        spells=fleet.leases.spells(book.name),
        rows=notifications(book),
        marked=dict(
            book.query(
                "SELECT notification, count(*) FROM tries WHERE outcome = 'sent' "
                "GROUP BY notification"
            )
        ),
        alerts=Counter((rule, product, state) for rule, product, state in alerts),
        used=book.number("SELECT sum(used) FROM credits"),
        pace=PACE if book.name == PACED else None,
        wrong=[f"{n} {what}" for what, n in found.items() if n]
        + doubled(book)
        + ([] if book.name != CAPPED or book.source.arrived else ["the capped book never asked"]),
    )

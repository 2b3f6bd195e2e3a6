"""``watcher people`` and ``watcher audit``: who may open the page, and who wrote what."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli import samples
from tests.cli.running import Command
from watcher.cli.server_options import pusher
from watcher.people import AuditRecord, Author, Role, Via, digest_of
from watcher.store.sqlite.database import Database

# Each command that writes what the page could write, too: with the records that it leaves.
WRITES: dict[tuple[str, ...], list[tuple[str, str]]] = {
    ("follow", "1729873073559015752", "1729873073559015753"): [
        ("follow", "1729873073559015752, 1729873073559015753")
    ],
    ("unfollow", "1729873073559015751"): [("unfollow", "1729873073559015751")],
    ("silence", "add", "--rule", "x", "--for", "1h"): [("silence", "2")],
    ("silence", "end", "1"): [("end silence", "1")],
    ("outbox", "retry", "2"): [("retry", "2")],
    ("outbox", "drop", "--all"): [("drop", "1, 2")],
    ("links", "revoke", "--all"): [("revoke links", "1, 3")],
    ("people", "add", "Ann", "--role", "read"): [("add person", "Ann")],
    ("people", "revoke", "bob"): [("revoke person", "Bob")],
    ("people", "forget", "cher"): [("forget person", "Cher")],
    ("db", "prune"): [("prune", "")],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which each command has something to write."""
    monkeypatch.chdir(tmp_path)
    samples.furnish(tmp_path)
    now = int(time.time())
    with Database.open(tmp_path / "watcher.db") as store:
        store.followed.add(["1729873073559015751"], now)
        for each in store.people.list():
            store.people.revoke(each.id, now)
            store.people.forget(each.name)
        store.execute("DELETE FROM audit")
        store.people.add("Bob", Role.ACT, digest_of("Bob's"), now)
        gone = store.people.add("Cher", Role.READ, digest_of("Cher's"), now)
        store.people.revoke(gone.id, now)
        store.execute("INSERT INTO credits (day, watch, used) VALUES ('2001-01-01', 'x', 1)")
    return tmp_path / "watcher.db"


def _records(place: Path) -> list[AuditRecord]:
    with Database.open(place, readonly=True) as store:
        return store.audit.list()


@pytest.mark.parametrize("call", WRITES, ids=" ".join)
def test_every_command_that_writes_is_noted(
    watcher: Command, place: Path, call: tuple[str, ...]
) -> None:
    """Once, by the user of the machine; one that writes nothing leaves nothing."""
    before, ran = int(time.time()), watcher(*call)
    assert ran.code == 0, ran.err
    records = _records(place)
    assert [(each.what, each.subject) for each in records] == WRITES[call]
    (record,) = records
    assert (record.who, record.via) == (pusher(), Via.COMMAND)
    assert before <= record.at <= time.time()
    assert record.before is not None or record.after is not None
    if call[:2] not in (("silence", "add"), ("outbox", "retry")):
        watcher(*call)
        assert len(_records(place)) == 1


def test_a_token_is_printed_once(watcher: Command, place: Path) -> None:
    """By itself, for a pipe; the database has its digest, and nothing tells it later."""
    made = watcher("people", "add", "ann", "--role", "act")
    token = made.out.strip()
    assert len(token) == 40
    assert token not in made.err
    with Database.open(place) as store:
        found = store.people.find("ann")
        assert found is not None
        assert (found.role, found.digest) == (Role.ACT, digest_of(token))
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert token.encode() not in place.read_bytes()
    listed, told = watcher("people", "list", "--json").out, watcher("audit", "--json").out
    assert [each["name"] for each in json.loads(listed)] == ["ann", "Cher", "Bob"]
    assert not any(text in listed + told for text in (token, digest_of(token)))


def test_it_says_what_follows(watcher: Command, place: Path) -> None:
    """The first who may look shuts the page on its own machine, too; a reader's address."""
    assert "From now on" not in watcher("people", "add", "ann", "--role", "read").err
    for name in ("bob", "ann"):
        watcher("people", "revoke", name)
    assert "no token any more" not in watcher("people", "forget", "ann").out
    watcher("people", "forget", "cher")
    assert "no token any more" in watcher("people", "forget", "bob").out
    feed = watcher("people", "add", "reader", "--role", "feed").err
    assert "/feed/TOKEN/alerts.atom" in feed
    assert "From now on" not in feed
    assert "From now on" in watcher("people", "add", "ann", "--role", "read").err


def test_all_of_a_name_are_forgotten(watcher: Command, place: Path) -> None:
    """Each leaves a record of its own, with the role that it had."""
    for role in ("read", "edit"):
        watcher("people", "add", "ann", "--role", role)
        watcher("people", "revoke", "ann")
    watcher("people", "forget", "ann")
    found = [each for each in _records(place) if each.what == "forget person"]
    assert [each.before["role"] for each in found if each.before] == ["read", "edit"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("add", "BOB", "--role", "read"), 'there is "Bob" already'),
        (("add", "<b>", "--role", "read"), "letters, digits"),
        (("add", "local", "--role", "read"), "take another name"),
        (("add", "\u043ewner", "--role", "read"), "letters of two alphabets"),
        (("add", "x" * 41, "--role", "read"), "40 characters at most"),
        (("add", "ann", "--role", "root"), "'root' is not one of"),
        (("add", "ann"), "Missing option '--role'"),
        (("revoke", "nobody\x1b[31m"), 'nobody called "nobody'),
        (("revoke", "cher"), "was revoked already"),
        (("forget", "bob"), "`watcher people revoke` comes before"),
    ],
)
def test_what_is_refused(watcher: Command, place: Path, call: tuple[str, ...], said: str) -> None:
    """With what is wrong and what to do; nothing is written."""
    ran = watcher("people", *call)
    assert ran.code in (1, 2)
    assert said in " ".join(ran.err.split())
    assert "\x1b" not in ran.err
    assert ran.out == ""
    assert _records(place) == []


def test_what_is_shown_of_it(watcher: Command, place: Path) -> None:
    """The newest first, by who, what and since when."""
    watcher("follow", "1729873073559015752", "--note", "the\tred one")
    watcher("silence", "add", "--rule", "x*", "--for", "2d", "--comment", "sale")
    said = watcher("audit").out
    assert said.index("began silence 2") < said.index("followed 1729873073559015752")
    assert "note: the red one" in said
    assert "rule: x*" in said
    assert pusher() in said
    (record,) = json.loads(watcher("audit", "--what", "silence", "--json").out)
    assert record["after"]["comment"] == "sale"
    assert json.loads(watcher("audit", "--who", "nobody", "--json").out) == []
    assert json.loads(watcher("audit", "--since", "2999-01-01", "--json").out) == []
    assert len(json.loads(watcher("audit", "--since", "1h", "--json").out)) == 2
    assert "There are more" in watcher("audit", "--limit", "1").out
    assert watcher("audit", "--since", "tomorrow").code == 2
    assert watcher("audit", "--what", "silences").code == 2


def test_old_records_go(watcher: Command, place: Path) -> None:
    """After 400 days, however many there are; that they were pruned is one of those that stay."""
    now = int(time.time())
    with Database.open(place) as store, store.atomic():
        for number in range(5_001):
            author = Author("ann", Via.PAGE)
            store.audit.note(author, now - 401 * 86_400, "follow", str(number), None, None)
        store.audit.note(author, now - 399 * 86_400, "follow", "kept", None, None)
    assert "5,001 records of writes" in watcher("db", "prune").out
    assert [each.subject for each in _records(place)] == ["", "kept"]

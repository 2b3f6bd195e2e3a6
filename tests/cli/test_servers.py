"""Every command on a book on a server, whose rules are stored there, and on a replica's URL."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from tests.cli import samples
from tests.cli.running import Command
from tests.cli.samples import leaves
from tests.cli.test_places import leaf
from watcher.store.control import DaemonState
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server

VARY = {"people", "db", "status"}  # they say more of a server, or other things
PASSWORD = "geheim-4711-word"  # the server asks for none
# What says nothing of a database; and what has its own tests on a server.
APART = {"run", "demo", "init", "health", "test", "metrics", "schema", "completion", "page"}
ELSEWHERE = {"once", "db restore", "db backup", "db copy"}
# Without what asks the service that the samples have, and what names a rule file.
SAMPLES = {**samples.SAMPLES, "check": ((), ("--json",)), "channel test": ()}


@dataclass(frozen=True)
class Library:
    """A server with a book ``shops`` that has rules and a past, and one that is empty; and the same
    rules and past in files."""

    url: str
    files: Path

    def arguments(self, book: str = "shops") -> tuple[str, ...]:
        return ("--db", self.url, "--book", book)


@pytest.fixture(scope="module")
def library(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Made once: what commands change in it is nothing that others miss."""
    from tests.postgres import create_database

    url = create_database(postgres_server, f"commands{os.getpid()}")
    url = url.replace("watcher@", f"watcher:{PASSWORD}@")
    files = tmp_path_factory.mktemp("files")
    samples.furnish(files)
    control = open_control(url)
    for book in ("shops", "empty"):
        control.books.create(book)
    pushed = {"rules.yaml": samples.RULES.encode()}
    control.books.push("shops", pushed, expected=None, by="ann@laptop", comment="first")
    control.leases.take("shops", "d1", 600)
    control.close()
    with open_store(Server(url, "shops")) as store:
        samples.fill(store, files / "rules.yaml")
    return Library(url, files)


@pytest.fixture
def here(folder: Path) -> Iterator[Path]:
    """A folder without any rule file or database."""
    yield folder
    assert not (folder / "watcher.db").exists()


def calls() -> list[tuple[str, ...]]:
    """Every sample of every command that reads or writes a store."""
    of_servers = {name for name in leaves() if name.split()[0] in ("rules", "books")}
    names = [name for name in leaves() if name not in APART | ELSEWHERE | of_servers]
    names = [name for name in names if name in SAMPLES]
    return [(*name.split(), *arguments) for name in names for arguments in SAMPLES[name]]


def leaf_of(call: tuple[str, ...]) -> click.Command:
    """The command that is called."""
    return leaf(" ".join(call[:2]) if " ".join(call[:2]) in SAMPLES else call[0])


def words(text: str) -> str:
    """What a command says, but for times and ids, the name of its place, and the NUL, which
    PostgreSQL can't hold."""
    text = re.sub(
        r"(postgresql://\S+, )?book shops|shops/rules\.yaml|watcher\.db|rules\.yaml", "PLACE", text
    )
    text = re.sub(r"\bnow\b|(?:\d+[smhd] ?)+ ago|in (?:\d+[smhd] ?)+", "TIME", text)
    return re.sub(r"\\u|[\s\d\ufffd]", "", text)


def test_every_command_is_tried() -> None:
    """Or stands apart for a reason."""
    assert {name for name in leaves() if name not in SAMPLES} <= {
        *APART, *ELSEWHERE, *(name for name in leaves() if name.split()[0] in ("rules", "books")),
    }  # fmt: skip


@pytest.mark.parametrize("call", calls(), ids=" ".join)
def test_a_command_on_a_book(
    watcher: Command, here: Path, library: Library, call: tuple[str, ...]
) -> None:
    """As on a file: with the same exit code, and the rules of the book."""
    result = watcher(*call, *library.arguments())
    taken = {option for each in leaf_of(call).params for option in each.opts}
    rules = ("--rules", library.files / "rules.yaml") if "--rules" in taken else ()
    before = watcher(*call, "--db", library.files / "watcher.db", *rules)
    assert result.code == before.code, result.err
    assert bool(result.err) == bool(before.err), result.err
    assert PASSWORD not in result.out + result.err
    if not result.code and call[0] not in VARY:
        assert words(result.out) == words(before.out.replace(f"{library.files}/", ""))


@pytest.mark.parametrize("call", [("status",), ("alerts",), ("db", "stats"), ("silence", "list")])
def test_a_command_on_an_empty_book(
    watcher: Command, here: Path, library: Library, call: tuple[str, ...]
) -> None:
    """A book that no daemon has prepared says so."""
    result = watcher(*call, *library.arguments("empty"))
    assert result.code == 1
    assert "book empty" in result.err


def test_a_book_that_is_not_there(watcher: Command, here: Path, library: Library) -> None:
    """What to do."""
    for call in (("status",), ("silence", "list"), ("outbox", "retry", "--all")):
        result = watcher(*call, *library.arguments("nobodys"))
        assert result.code == 1
        assert "there is no book nobodys" in result.err
        assert "`watcher books" in result.err


def test_a_database_that_is_not_there(watcher: Command, here: Path, library: Library) -> None:
    """The server is there."""
    result = watcher("status", "--db", library.url.rpartition("/")[0] + "/nowhere")
    assert result.code == 1
    assert "no such database" in result.err


def test_rules_of_the_book_and_others(watcher: Command, here: Path, library: Library) -> None:
    """A file that is named by hand wins; one that happens to lie there does not."""
    (here / "rules.yaml").write_text(samples.RULES.replace("selling", "other"), "utf-8")
    assert "selling" in watcher("status", *library.arguments()).out
    assert "other" in watcher("status", *library.arguments(), "--rules", "rules.yaml").out
    checked = watcher("check", *library.arguments())
    assert "book shops: 2 rules" in checked.out


def test_rules_with_errors_are_named_after_the_book(
    watcher: Command, here: Path, library: Library
) -> None:
    """With line and column."""
    control = open_control(library.url)
    control.books.create("broken")
    bad = b'rules:\n  - name: "x"\n    when: 1\n'
    control.books.push("broken", {"a.yaml": bad}, expected=None, by="me")
    control.close()
    result = watcher("check", *library.arguments("broken"))
    assert result.code == 1
    assert "broken/a.yaml:" in result.err
    assert "/tmp" not in result.err


def test_secrets_are_needed_only_where_something_is_sent(
    watcher: Command, here: Path, library: Library
) -> None:
    """Who looks at a book need not have them."""
    control = open_control(library.url)
    control.books.create("secretive")
    text = samples.RULES.replace('"json://127.0.0.1:54321/"', '"${SLACK_URL}"')
    text = text.replace('"sample-key-1234"', '"${KEYAPI_KEY}"')
    control.books.push("secretive", {"a.yaml": text.encode()}, expected=None, by="me")
    control.close()
    open_store(Server(library.url, "secretive")).close()
    assert watcher("status", *library.arguments("secretive")).code == 0
    assert watcher("alerts", *library.arguments("secretive")).code == 0
    for call in (("channel", "test", "me"), ("check",), ("once", "--dry-run")):
        result = watcher(*call, *library.arguments("secretive"))
        assert result.code == 1
        assert "secretive/a.yaml" in result.err
        assert "SLACK_URL" in result.err


def test_status_shows_the_fleet(watcher: Command, here: Path, library: Library) -> None:
    """Daemons, books, leases, versions; and no more where no book is named."""
    with open_control(library.url) as control:
        control.daemons.beat(
            DaemonState("d1", "host1", 77, "0.15.0", "https://h.example/", 1_700_000_000)
        )
    result = watcher("status", "--db", library.url)
    assert result.code == 0, result.err
    for each in ("shops", "empty", "held by nobody", "host1", "0.15.0", "revision 1", "every book"):
        assert each in result.out
    assert "selling" not in result.out
    found = json.loads(watcher("status", *library.arguments(), "--json").out)
    assert found["book"] == "shops"
    assert found["rules"][0]["name"] == "selling"
    (shops,) = [each for each in found["fleet"]["books"] if each["name"] == "shops"]
    assert shops["holder"] == "d1"
    assert shops["rules"]["number"] == 1
    assert 0 < shops["lease_seconds_left"] <= 600
    (daemon,) = found["fleet"]["daemons"]
    assert daemon["version"] == "0.15.0"
    assert daemon["books"] == ["shops"]


def test_completions_come_from_the_book(
    here: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules, channels and books by name."""
    from watcher.cli import completion

    monkeypatch.setenv("WATCHER_DB", library.url)
    monkeypatch.setenv("WATCHER_BOOK", "shops")
    context, option = click.Context(click.Command("x")), click.Option(["--x"])

    def names(complete: completion.Completer) -> list[str]:
        return [each.value for each in complete(context, option, "")]

    with context:  # which closes what is opened meanwhile
        assert "selling" in names(completion.rule_names)
        assert names(completion.channel_names) == ["me"]
        assert {"shops", "empty"} <= set(names(completion.book_names))

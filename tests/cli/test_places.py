"""``--db`` and ``--book``: what they may name, what is said of others; and no password shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.running import Command
from tests.cli.samples import leaves
from watcher.cli.main import cli

PASSWORD = "geheim-4711-word"
NOBODY = f"postgresql://watcher:{PASSWORD}@127.0.0.1:1/watcher"
# What is about no database.
APART = {
    "run", "demo", "init", "health", "test", "metrics", "completion",
}  # fmt: skip


def leaf(name: str) -> click.Command:
    """The command of that name: ``db backup``."""
    found: click.Command | None = cli
    for part in name.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), part)
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(set(leaves()) - APART))
def test_every_command_takes_a_place(name: str) -> None:
    """None of them has a ``--db`` of its own making."""
    taken = {option for each in leaf(name).params for option in each.opts}
    assert taken & {"--db", "FROM", "source"}, taken
    if "--db" in taken and name.split(maxsplit=1)[0] not in ("books", "page"):
        assert "--book" in taken


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("postgres:/x", "neither a file's path nor a server's URL; write postgresql://"),
        (f"postgresql://w:a/{PASSWORD}@h/d", "write %40 for @"),
        (f"host=h dbname=d password={PASSWORD}", "write postgresql://USER@HOST/DATABASE"),
        (f"mysql://w:{PASSWORD}@h/d", "write postgresql://"),
        (f"postgresql://w:{PASSWORD}@h:0/d", "0 is no port"),
    ],
)
def test_a_place_that_is_none(watcher: Command, place: str, said: str) -> None:
    """What is wrong, what to write, and nothing of a password."""
    result = watcher("status", "--db", place)
    assert result.code == 2
    assert "--db" in result.err
    assert said in " ".join(result.err.split())
    assert PASSWORD not in result.err + result.out


@pytest.mark.parametrize("name", ["Shops", "1", "", "a" * 41, "a b", "../a", "ä"])
def test_a_name_that_no_book_has(watcher: Command, name: str) -> None:
    """Before any server is asked."""
    result = watcher("status", "--db", NOBODY, "--book", name)
    assert result.code == 2
    assert "no name of a book" in result.err


def test_a_book_of_a_file(watcher: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none; the variable says nothing of a file that is named beside it."""
    result = watcher("status", "--book", "shops")
    assert result.code == 2
    assert "--book shops: watcher.db is a file, which has no books" in result.err
    monkeypatch.setenv("WATCHER_BOOK", "shops")
    assert "(WATCHER_BOOK)" in watcher("silence", "list").err
    named = watcher("silence", "list", "--db", "old.db")
    assert named.code == 1
    assert "old.db: no such database" in named.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",), ("alerts",), ("silence", "list"), ("outbox", "retry", "--all"),
        ("check",), ("once",), ("db", "stats"), ("export",), ("page",), ("page", "--book", "a"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_server_that_is_not_there(watcher: Command, arguments: tuple[str, ...]) -> None:
    """One line, without the password."""
    result = watcher(*arguments, "--db", NOBODY)
    assert result.code == 1, result
    assert "watcher:***@127.0.0.1:1/watcher" in result.err
    assert "can't be reached" in result.err
    assert PASSWORD not in result.err + result.out


def test_help_shows_no_password(watcher: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a variable holds it."""
    monkeypatch.setenv("WATCHER_DB", NOBODY)
    for name in leaves():
        assert PASSWORD not in watcher(*name.split(), "--help").out


def test_a_page_of_a_file(watcher: Command) -> None:
    """The daemon serves that."""
    result = watcher("page")
    assert result.code == 2
    assert "`watcher run` serves" in result.err


def _run(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200"},
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="others don't let a process say what it is")
def test_the_list_of_processes_shows_no_password(folder: Path) -> None:
    """From the moment on that the command knows it."""
    code = (
        "import sys; from pathlib import Path\n"
        "from watcher.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(Path('/proc/self/cmdline').read_bytes().replace(b'\\0', b' ').decode())"
    )
    done = _run(folder, code, "silence", "list", "--db", NOBODY)
    assert f"postgresql://watcher:{'*' * len(PASSWORD)}@127.0.0.1:1/watcher" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


def test_without_the_driver(folder: Path) -> None:
    """What to install, in one line; with a file nothing of it is imported."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from watcher.cli.main import main\n"
        "main(sys.argv[1:])"
    )
    done = _run(folder, code, "silence", "list", "--db", NOBODY)
    assert done.returncode == 1
    assert "pip install 'shop-trend-watcher[postgres]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "no such database" in _run(folder, code, "silence", "list").stderr


def test_a_file_imports_no_driver(folder: Path) -> None:
    """The default costs nothing more."""
    code = (
        "import sys\nfrom watcher.cli.main import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print(sorted(each for each in sys.modules if 'psycopg' in each or 'postgres' in each))"
    )
    printed = _run(folder, code, "silence", "list").stdout
    assert "psycopg" not in printed
    assert "watcher.store.postgres.connection" not in printed

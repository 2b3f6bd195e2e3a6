"""The rules of the page in every command that loads rule files, and ``watcher rules page``."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.running import Command
from tests.store.making import DAY, scan
from watcher.cli.main import COMMANDS
from watcher.page_text import PageText
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

# The own rule speaks of a list of the page: without that it can't be used.
OWN = """\
channels: {me: {url: "json://127.0.0.1:9/"}}
defaults: {region: US, notify: me}
rules:
  - {name: own, watch: mine, when: {total_sale_7d_cnt: {above: 10}}}
"""
PAGE = """\
watches: {mine: {sort: total_sale_7d_cnt desc}}
rules:
  - {name: paged, watch: mine, when: {total_sale_7d_cnt: {above: 5}}}
reports: {daily: {at: "08:00", watch: mine}}
"""
# What each command is given, and whether it needs the rules: else it only tells more by them.
CASES = {
    "check": ((), True),
    "once": (("--dry-run",), True),
    "status": ((), True),
    "alerts": ((), False),
    "product": (("1", "--metric", "rank"), True),
    "report": (("daily",), True),
    "export": (("--watch", "mine"), True),
    "explain": (("paged", "1"), True),
    "backtest": (("paged",), True),
    "score": ((), True),
    "tune": (("paged", "--per-week", "3"), True),
    "follow": (("17",), False),
    "unfollow": (("17",), False),
    "followed": ((), False),
    "source categories": ((), True),
    "source probe": ((), True),
    "silence add": (("--rule", "x", "--for", "1h"), False),
    "silence end": (("7",), False),
    "silence list": ((), False),
    "links list": ((), False),
    "links revoke": (("A1",), False),
    "channel list": ((), True),
    "channel test": (("nobody",), True),
    "outbox list": ((), False),
    "db prune": ((), True),
}
# One reads none, one is a process of its own; these take of the rules no more than the zone.
_PEOPLE = {"audit", "people add", "people list", "people revoke", "people forget"}
_OWN_WAY = {"init", "run"} | _PEOPLE


def _loading() -> Iterator[str]:
    """The commands that have ``--rules``."""

    def walk(command: click.Command, *path: str) -> Iterator[str]:
        if isinstance(command, click.Group):
            for name, each in command.commands.items():
                yield from walk(each, *path, name)
        elif any(each.name == "rules" for each in command.params):
            yield " ".join(path)

    for name, _ in COMMANDS:
        yield from walk(importlib.import_module(f"watcher.cli.{name}").command, name)


@pytest.fixture
def filled(folder: Path) -> Path:
    """A rule file, and a database with three scans and the page's rules."""
    rules, path = folder / "rules.yaml", folder / "watcher.db"
    rules.write_text(OWN)
    key = load([rules], {}, page=PageText(PAGE, 1)).rules[0].watch.key
    with Database.open(path) as database:
        for day in range(3):
            at = int(time.time()) - (3 - day) * DAY
            database.history.record(scan(at, {"1": 7.0 + day, "2": 3.0}, watch=key))
        database.page_rules.save(PAGE, int(time.time()), base=0, who="ann")
    return path


def test_each_command_that_loads_rules_is_here() -> None:
    """A new one is decided, too."""
    assert set(_loading()) == CASES.keys() | _OWN_WAY


@pytest.mark.parametrize("name", CASES)
def test_every_command_has_them(watcher: Command, filled: Path, name: str) -> None:
    """What is written in the page is part of the rules; without the database it is not there."""
    arguments, needs = CASES[name]
    done = watcher(*name.split(), *arguments)
    assert "unknown watch" not in done.out + done.err
    filled.rename(filled.with_suffix(".away"))
    without = watcher(*name.split(), *arguments)
    assert ("unknown watch" in without.out + without.err) is needs, without


def test_a_rule_of_the_page_is_told_of(watcher: Command, filled: Path) -> None:
    """By its name, and by what is left out of it."""
    assert "paged on mine (US): 3 scans" in watcher("backtest", "paged").out
    assert "paged" in watcher("explain", "paged", "1").out
    assert "2 rules, no errors" in watcher("check").out
    with Database.open(filled) as database:
        database.page_rules.save(PAGE.replace("paged", "own"), 1, base=1, who="ann")
    done = watcher("check")
    assert done.code == 0
    assert "page.yaml:3:" in done.out
    assert "already used at rules.yaml:4" in done.out


def test_an_unreadable_database_is_none_but_to_who_would_tell(
    watcher: Command, filled: Path
) -> None:
    """Else all alerts of the page's rules would end with it."""
    rules = filled.with_name("rules.yaml")
    rules.write_text(OWN.replace("mine", "{top: 20}"))
    filled.write_bytes(b"no database at all" * 999)
    checked = watcher("check").out
    assert "1 rule, no errors" in checked
    assert "warning: page.yaml: the rules of the page were not read: " in checked
    assert "watcher.db: no database" in watcher("once", "--dry-run").err


def test_a_database_of_an_older_version_has_none(watcher: Command, filled: Path) -> None:
    """It is read before it is prepared."""
    filled.with_name("rules.yaml").write_text(OWN.replace("mine", "{top: 20}"))
    with Database.open(filled) as database:
        database.execute("DROP TABLE page_rules")
        database.execute("DELETE FROM _sqlite_migrations WHERE name = 'm028_page_rules'")
    assert "1 rule, no errors" in watcher("check").out


def test_the_text_and_its_versions(watcher: Command, filled: Path) -> None:
    """Shown, listed and written into a file, which is never replaced unasked."""
    assert watcher("rules", "page").out == f"# page.yaml, version 1\n{PAGE}"
    found = json.loads(watcher("rules", "page", "--json").out)
    assert found == {"number": 1, "text": PAGE}
    with Database.open(filled) as database:
        database.page_rules.save("# \u4e2d\n", int(time.time()), base=1, who="bob")
    assert watcher("rules", "page", "--version", 1).out == f"# page.yaml, version 1\n{PAGE}"
    lines = watcher("rules", "page", "--history").out.splitlines()
    assert [line.split()[0] for line in lines] == ["Version", "2", "1"]
    (newest, _) = json.loads(watcher("rules", "page", "--history", "--json").out)
    assert (newest["number"], newest["who"]) == (2, "bob")
    target = filled.with_name("out.yaml")
    assert watcher("rules", "page", "--export", target).code == 0
    assert target.read_bytes() == "# \u4e2d\n".encode()
    again = watcher("rules", "page", "--export", target, "--version", 1)
    assert (again.code, "it is there already" in again.err) == (1, True)
    assert watcher("rules", "page", "--export", target, "--version", 1, "--force").code == 0
    assert target.read_text() == PAGE
    assert "there is no version 9" in watcher("rules", "page", "--version", 9).err


def test_of_nothing_written(watcher: Command, folder: Path) -> None:
    """It is said; where there is no database, too."""
    assert watcher("rules", "page").code == 1
    with Database.open(folder / "watcher.db"):
        pass
    assert "nothing was written" in watcher("rules", "page").out
    assert "Nothing was written" in watcher("rules", "page", "--history").out
    done = watcher("rules", "page", "--export", folder / "out.yaml")
    assert (done.code, done.out) == (1, "")
    assert "nothing was written in the page yet: " in done.err
    assert not (folder / "out.yaml").exists()

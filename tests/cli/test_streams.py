"""Every command as a process of its own: what it prints, to whom, and which files it leaves."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests.cli import forked
from tests.cli.forked import End
from tests.cli.samples import HOSTILE, SAMPLES, calls, cases, furnish, leaves
from watcher.cli.main import cli

# What a terminal obeys, or turns the reading direction; a line break is meant as one.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# How standard output is, and the umask meanwhile.
WAYS = {"read": 0o022, "closed": 0o000, "full": 0o077, "gone": 0o000}
_TIME = re.compile(r"\d{4}-\d\d-\d\d.\d\d:\d\d(:[\d.]+Z)?|\b\d+[sm] ago|in \d+[smh]")


class Ends(dict[tuple[str, tuple[str, ...]], End]):
    """How each call ended, by the way that its standard output was; their folders in ``place``."""

    place: Path


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Ends:
    """Each call in each way."""
    template = tmp_path_factory.mktemp("template")
    furnish(template)
    found = Ends()
    found.place = tmp_path_factory.mktemp("place")
    made = [case for way, mask in WAYS.items() for case in cases(template, found.place, way, mask)]
    done = forked.run(made, says=HOSTILE)
    for case, end in zip(made, done, strict=True):
        found[case["stdout"], tuple(case["arguments"])] = end
    return found


def test_every_command_has_a_sample() -> None:
    """And there is none of a command that is gone."""
    assert sorted(SAMPLES) == sorted(leaves())


@pytest.mark.long
def test_in_every_way(ends: Ends) -> None:
    """Asked in one test: what was asked of hundreds of processes is on one of pytest's workers."""
    for call in calls():
        nobody_reads(ends, call)
        no_room_for_it(ends, call)
        nothing_printed_moves_the_cursor(ends, call)
    nothing_written_moves_the_cursor(ends)
    nothing_is_left_beside_the_database(ends)
    what_is_written_is_for_its_owner(ends)
    quiet_says_only_what_is_wrong(ends)


def nobody_reads(ends: Ends, call: tuple[str, ...]) -> None:
    """The command does what it does, and says on standard error what it says: no more, no less."""
    read = ends["read", call]
    of_server = call[0] in OF_SERVERS and call[:2] != ("rules", "page")
    assert read["code"] in ((2,) if of_server else (0, 1)), call
    for way in ("closed", "gone"):
        unread = ends[way, call]
        assert unread["code"] == read["code"], (way, call, unread["err"])
        assert _timeless(unread["err"]) == _timeless(read["err"]), (way, call)


def no_room_for_it(ends: Ends, call: tuple[str, ...]) -> None:
    """What was to be kept is lost: that is a failure, in a line."""
    read, full = ends["read", call], ends["full", call]
    why = "standard output: can't be written: No space left on device\n" if read["out"] else ""
    assert _timeless(full["err"]) == _timeless(read["err"]) + why, call
    assert full["code"] == (read["code"] or bool(why)), call


def nothing_printed_moves_the_cursor(ends: Ends, call: tuple[str, ...]) -> None:
    """Whatever a name, an error or a service's answer holds."""
    end = ends["read", call]
    assert not OBEYED.search(end["out"] + end["err"]), call


def nothing_written_moves_the_cursor(ends: Ends) -> None:
    """Nor in a file of texts."""
    (written,) = ends.place.glob("read-*/history.csv")
    text = written.read_text("utf-8")
    assert "=1+1" in text
    assert not OBEYED.search(text)


def nothing_is_left_beside_the_database(ends: Ends) -> None:
    """No log of SQLite's, whichever command was the last to leave."""
    left = {path.name for path in ends.place.glob("*/*.db-*")}
    assert not {name for name in left if ".replaced-" not in name}
    assert not list(ends.place.rglob("*.part"))


def what_is_written_is_for_its_owner(ends: Ends) -> None:
    """Whatever the umask and the command; but the rule file, which is for the service, too."""
    files = [path for path in ends.place.rglob("*") if path.is_file()]
    secret = [path for path in files if path.suffix not in (".yaml", ".json")]
    names = {path.name for path in secret}
    assert {"new.db", "new.db.lock", "copy.db", "history.csv", "watcher.db.lock"} <= names
    assert any(".replaced-" in name for name in names)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in secret} == dict.fromkeys(
        names, oct(0o600)
    )


OF_SERVERS = {"page", "rules", "books"}  # what a database file is no use for
CRON = {"once", "health", "export", "db backup", "db copy", "db prune"}


def test_what_cron_runs_can_be_quiet() -> None:
    """By an option of the same name everywhere."""
    context = click.Context(cli)
    offered = set()
    for name in leaves():
        command: click.Command | None = None
        for part in name.split():
            group = command if isinstance(command, click.Group) else cli
            command = group.get_command(context, part)
        assert command is not None
        if any("--quiet" in option.opts for option in command.params):
            offered.add(name)
    assert offered == CRON


def quiet_says_only_what_is_wrong(ends: Ends) -> None:
    """Cron sends a mail of every line; where something is wrong there is one."""
    quiet = {call: end for (way, call), end in ends.items()
             if way == "read" and {"--quiet", "-q"} & set(call)}  # fmt: skip
    for call, end in quiet.items():
        wrong = call[0] == "once"  # the source refuses
        if call[0] == "export":  # without a row: its header alone, which is what was asked for
            assert (end["code"], end["out"].count("\n"), end["err"]) == (0, 1, "")
            continue
        assert (end["code"], bool(end["out"])) == (int(wrong), wrong), call
        if call[-1] == "-q":
            first, *others = end["out"].splitlines()
            assert first.startswith("best: failed, 0 products")
            assert any("not delivered yet" in line for line in others)
    assert {" ".join(call[: 1 + (call[0] == "db")]) for call in quiet} == CRON


def _timeless(text: str) -> str:
    """Without what differs from run to run."""
    return _TIME.sub("", text)

"""The JSON Schema of each command's ``--json``: all that is printed is held to it, wherever tests
run a command (``tests.cli.schemas``)."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from msgspec import UNSET, UnsetType

from tests.cli import samples
from tests.cli.forked import PORT
from tests.cli.running import Command
from tests.cli.samples import SAMPLES
from tests.cli.schemas import SCHEMAS, hold, json_commands, validator
from tests.fakes.sink import closed_port, serving
from tools.reference_commands import place_of
from watcher.cli.output import Printed, RowsOf, as_json, prints
from watcher.cli.shapes import schema_of, shapes_of, takes_json
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server

NAMES = (*json_commands(),)
# Of a server, or of an endpoint that the samples do not have.
ON_A_SERVER = ("rules push", "rules history", "rules rollback", "rules show", "books list")
APART = {*ON_A_SERVER, "source categories", "db copy"}
# These end their process, for a service may hang.
LEAVING = ("once", "channel test")


@pytest.mark.parametrize("name", NAMES)
def test_every_command_says_what_it_prints(name: str) -> None:
    """A command with ``--json`` has a type for it, and a file of its schema, which is one."""
    command = json_commands()[name]
    assert shapes_of(command), f"{name}: say what it prints by @prints(...), under @as_json"
    assert f"Output of `watcher {name} --json`" in json.dumps(validator(name).schema)


def test_no_schema_is_of_a_command_that_is_no_more() -> None:
    """Files that nothing makes."""
    assert {each.name for each in SCHEMAS.iterdir()} == {
        Path(place_of(each)).name for each in NAMES
    }


@pytest.mark.parametrize("name", [each for each in NAMES if each not in {*APART, *LEAVING}])
def test_it_is_what_is_printed(watcher: Command, folder: Path, name: str) -> None:
    """In a folder in which each command has something to say, and in one without a past."""
    samples.furnish(folder)
    watcher("follow", "1729873073559015752")
    calls = {(*name.split(), *each) for each in SAMPLES[name] if "--json" in each}
    assert calls, f"{name}: give it a sample with --json"
    for call in calls:
        assert json.loads(watcher(*call).out)
    (folder / "watcher.db").unlink()
    for call in calls:
        watcher(*call)


@pytest.mark.parametrize("name", LEAVING)
async def test_it_is_what_a_process_prints(folder: Path, name: str) -> None:
    """Of a service that answers, and of one that does not."""
    samples.furnish(folder)
    rules = folder / "rules.yaml"
    async with serving() as service:
        for port in (service.port, closed_port()):
            rules.write_text(samples.RULES.replace(f":{PORT}", f":{port}"), "utf-8")
            for given in (each for each in SAMPLES[name] if "--json" in each):
                call = (*name.split(), *given)
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "watcher", *call, stdout=asyncio.subprocess.PIPE
                )
                out, _ = await process.communicate()
                assert hold(call, out.decode())


def test_of_rules_with_errors(watcher: Command, folder: Path) -> None:
    """And of a test's file that can't be read."""
    samples.furnish(folder)
    found = watcher("check", "--json", "--rules", "broken.yaml")
    assert json.loads(found.out)["ok"] is False
    assert json.loads(watcher("test", "broken.yaml", "--json").out)["problems"]


def test_of_copies(watcher: Command, folder: Path) -> None:
    """Of one file to another."""
    samples.furnish(folder)
    assert json.loads(watcher("db", "copy", "watcher.db", "copied.db", "--json").out)["rows"]


def test_on_a_server(watcher: Command, folder: Path, postgres_url: str) -> None:
    """Books, revisions, pushes and the status of a server."""
    samples.furnish(folder)
    (folder / "rules").mkdir()
    rules = folder / "rules" / "rules.yaml"
    rules.write_text((folder / "rules.yaml").read_text("utf-8"), "utf-8")
    where = ("--db", postgres_url, "--book", "shops", "--json")
    assert json.loads(watcher("books", "list", "--db", postgres_url, "--json").out) == []
    assert json.loads(watcher("rules", "push", "rules", *where).out)["number"] == 1
    rules.write_text(f"{rules.read_text('utf-8')}\n# more\n", "utf-8")
    assert json.loads(watcher("rules", "push", "rules", *where).out)["changes"]
    assert json.loads(watcher("rules", "rollback", "1", *where).out)["new"]
    assert len(json.loads(watcher("rules", "history", *where).out)) == 3
    assert json.loads(watcher("rules", "show", *where).out)["files"]
    assert "fleet" in json.loads(watcher("status", "--db", postgres_url, "--json").out)
    place = Server(postgres_url, "shops")
    with open_control(postgres_url) as control, open_store(place) as store:
        samples.fill(store, rules)
        control.leases.all()
    assert json.loads(watcher("status", *where).out)["book"] == "shops"
    (book,) = json.loads(watcher("books", "list", "--db", postgres_url, "--json").out)
    assert book["rules"]["number"] == 3
    assert time.time() + 0.5 >= book["rules"]["pushed"]  # to the nearest second


def _broken(whole: Any, here: Any) -> Iterator[Any]:
    """Yield a document with each of its fields misnamed, or of another kind."""
    for each in here[:1] if isinstance(here, list) else ():
        yield from _broken(whole, each)
    for name, value in [*here.items()] if isinstance(here, dict) else ():
        here[name] = [[value]]
        yield whole
        here[name] = value
        yield from _broken(whole, value)


_OPTIONAL = ("endpoints", "reports")  # where there are some


@pytest.mark.parametrize("call", [("alerts",), ("check",), ("status",), ("explain", "named", "1")])
def test_what_is_wrong_is_seen(watcher: Command, folder: Path, call: tuple[str, ...]) -> None:
    """A field of another kind, one that is missing, one more."""
    samples.furnish(folder)
    found, schema = json.loads(watcher(*call, "--json").out), validator(call[0])
    seen = 0
    for each in _broken(found, found):
        seen += 1
        assert not schema.is_valid(each)
    assert seen > 10
    first = found[0] if isinstance(found, list) else found
    first["more"] = 1
    assert not schema.is_valid(found)
    del first["more"]
    del first[next(name for name in reversed(first) if name not in _OPTIONAL)]
    assert not schema.is_valid(found)


def test_the_program_knows_them_itself(watcher: Command) -> None:
    """``watcher schema outbox list`` prints what stands in docs; of others it says which there
    are."""
    for name in ("alerts", "outbox list"):
        printed = json.loads(watcher("schema", *name.split()).out)
        assert printed == validator(name).schema
    unknown = watcher("schema", "outbox", "lst")
    assert unknown.code == 1
    assert 'did you mean "outbox list"' in unknown.err


class Sample(Printed, frozen=True, kw_only=True):
    """A field that is always there, and one that may be left out."""

    always: int | None = None
    sometimes: str | UnsetType = UNSET


def test_the_types_are_read_well() -> None:
    """What has a default is printed all the same; rows of several kinds; a type that is not
    given."""
    schema = schema_of("x", (Sample,))
    assert schema["$defs"]["Sample"]["required"] == ["always"]
    assert schema["$defs"]["Sample"]["additionalProperties"] is False
    assert schema_of("x", (RowsOf((Sample,)),))["type"] == "array"
    bare = click.command()(as_json(lambda: None))
    assert takes_json(bare)
    assert shapes_of(bare) == ()
    assert shapes_of(click.command()(as_json(prints(Sample)(lambda: None)))) == (Sample,)

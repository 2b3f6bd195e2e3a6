"""``watcher init``: a commented rule file to begin with, its tests, and its schema for editors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from watcher.cli import options
from watcher.cli.output import json_text
from watcher.errors import WatcherError
from watcher.rules.schema.json_schema import json_schema

KINDS = ("affiliate", "seller", "dropshipper", "brand", "agency")
_RULES, _TESTS, _SCHEMA = "rules.yaml", "rules.test.yaml", "rules.schema.json"
_YOURS = re.compile(r"# yours: (.+)")


@click.command()
@click.option("--for", "kind", type=click.Choice(KINDS), help="Rules for who you are, with tests.")
@options.rules
def command(kind: str | None, rules: Path) -> None:
    """Write a commented rule file to begin with, and its JSON Schema for editors; never over one
    that is there.

    With --for it has what such a user asks for first; its rule tests, and the lists of your own
    that it reads, come beside it. Its first lines say what a day costs.
    """
    names = {
        _RULES: rules.name,
        _TESTS: f"{rules.stem}.test{rules.suffix}",
        _SCHEMA: f"{rules.stem}.schema.json",
    }
    texts = _named(starter(kind), names)
    _write(rules.parent, texts)
    click.echo(f"Wrote {_listing(rules.parent, texts)}.")
    if kind is not None:
        _tell_what_is_yours(rules, texts[rules.name])
    _tell_what_is_next(rules, rules.with_name(names[_TESTS]) if kind is not None else None)
    _write_schema(rules.with_name(names[_SCHEMA]))


def starter(kind: str | None) -> Mapping[str, str]:
    """The texts of the files that a kind of user begins with, by name; the rules come first."""
    files = resources.files("watcher.cli")
    if kind is None:
        return {_RULES: files.joinpath("rules.init.yaml").read_text("utf-8")}
    found = sorted(files.joinpath("starters", kind).iterdir(), key=_rules_first)
    return {file.name: file.read_text("utf-8") for file in found}


def _rules_first(file: Traversable) -> tuple[bool, str]:
    return file.name != _RULES, file.name


def _named(texts: Mapping[str, str], names: Mapping[str, str]) -> Mapping[str, str]:
    """The files under the names that the user gave, also where one speaks of another."""
    written = re.compile("|".join(map(re.escape, names)))
    return {
        names.get(name, name): written.sub(lambda found: names[found[0]], text)
        for name, text in texts.items()
    }


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all of the files, or none where one of them is there."""
    there = [str(folder / name) for name in texts if (folder / name).exists()]
    if there:
        verb = "is" if len(there) == 1 else "are"
        raise WatcherError(
            f"{' and '.join(there)} {verb} there already: nothing was written; name another file "
            "with --rules, in another folder"
        )
    for name, text in texts.items():
        _write_new(folder / name, text)


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise WatcherError(f"{path} is there already; name another file with --rules") from None
    except OSError as error:
        raise WatcherError(f"{path}: can't be written: {error.strerror}") from None


def _write_schema(path: Path) -> None:
    if path.exists():
        click.echo(f"{path} was there already: watcher schema > {path} writes it anew.")
    else:
        _write_new(path, json_text(json_schema()))
        click.echo(f"Your editor completes and explains it from {path}.")


def _listing(folder: Path, names: Mapping[str, str]) -> str:
    *others, last = (str(folder / name) for name in names)
    return f"{', '.join(others)} and {last}" if others else last


def _tell_what_is_yours(rules: Path, text: str) -> None:
    click.echo("Yours to fill in; it checks and runs without, on samples:")
    for line, what in yours(text):
        click.echo(f"  {rules}:{line}: {what}")


def yours(text: str) -> Iterator[tuple[int, str]]:
    """Yield what a starter file leaves to its user: the line, and what belongs there."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _YOURS.search(line):
            yield number, found[1]


def _tell_what_is_next(rules: Path, tests: Path | None) -> None:
    steps = [
        "put your key into the environment: export KEYAPI_KEY=... (or KEYAPI_TOKEN)",
        "write where alerts go into its channels: section",
        f"watcher check --rules {rules}     what it will read, and what that costs",
        f"watcher once --dry-run --rules {rules}     what would fire now",
        f"watcher run --rules {rules}",
    ]
    if tests is not None:
        steps.insert(3, f"watcher test {tests}     what each rule tells, and what it does not")
    click.echo("Next:")
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")

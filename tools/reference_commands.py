"""``docs/commands.md``: every command as its ``--help`` says it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

import click

from tools.marked import table
from watcher.cli.main import cli
from watcher.cli.output import json_text
from watcher.cli.shapes import schema_of, shapes_of, takes_json, with_json


def commands() -> str:
    """A section for each command and subcommand."""
    context = click.Context(cli, info_name="watcher", **cli.context_settings)
    return "\n\n".join(_sections(context, "##"))


def schemas() -> Mapping[str, str]:
    """The JSON Schema of what each command prints with ``--json``, by its place in ``docs``."""
    return {
        place_of(name): json_text(schema_of(name, shapes_of(command)))
        for name, command in with_json(click.Context(cli))
    }


def place_of(name: str) -> str:
    """The file of a command's schema."""
    return f"schemas/{name.replace(' ', '-')}.json"


def _sections(context: click.Context, level: str) -> Iterator[str]:
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            inner = click.Context(command, info_name=name, parent=context)
            yield _section(inner, level)
            yield from _sections(inner, level + "#")


def _section(context: click.Context, level: str) -> str:
    command = context.command
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    texts = [f"{level} {context.command_path}", f"    {usage}", _prose(command.help or "")]
    rows = [_option(record) for each in command.params if (record := each.get_help_record(context))]
    rows = [row for row in rows if "--help" not in row[0]]
    if rows:
        texts.append(table(("option", "meaning"), rows))
    if takes_json(command):
        place = place_of(context.command_path.partition(" ")[2])
        texts.append(f"What `--json` prints: [{place}]({place}).")
    return "\n\n".join(texts)


def _option(record: tuple[str, str]) -> tuple[str, str]:
    option, meaning = record
    return f"`{option}`", meaning.replace("  [", " [")


def _prose(text: str) -> str:
    """Indented lines become code; click's mark for "do not fill this paragraph" is no text."""
    lines = inspect.cleandoc(text).replace("\b\n", "").splitlines()
    return "\n".join(f"    {line.strip()}" if line.startswith("  ") else line for line in lines)

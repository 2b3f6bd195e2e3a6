"""What commands print with ``--json``, held to the schemas in ``docs`` by a library of others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click
from jsonschema import Draft202012Validator

from watcher.cli.main import cli
from watcher.cli.shapes import with_json

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


@cache
def json_commands() -> dict[str, click.Command]:
    """The commands that have ``--json``, by name."""
    return dict(with_json(click.Context(cli)))


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of a command's output; its schema is one."""
    path = SCHEMAS / f"{name.replace(' ', '-')}.json"
    assert path.exists(), f"{name}: no {path.name}: give it `@prints(...)`, and run `make docs`"
    schema = json.loads(path.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def hold(arguments: Sequence[str], out: str) -> Any:
    """What a command printed, if it is what its schema says."""
    if not out.strip():
        return None
    words, found = " ".join(arguments), json.loads(out)
    name = next(each for each in json_commands() if f"{words} ".startswith(f"{each} "))
    faults = validator(name).iter_errors(found)
    errors = [f"{each.json_path}: {each.message[:300]}" for each in faults]
    assert errors == [], f"watcher {' '.join(arguments)}: {errors[:5]}"
    return found

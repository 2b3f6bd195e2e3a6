"""The skill for assistants: everything in it is run, and what it says is printed is."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.schemas import hold, json_commands, validator
from tests.documentation.shell import ROOT, Shell
from tests.sharing import made_once

SKILL = ROOT / "docs" / "skill"
PAGE = (SKILL / "SKILL.md").read_text("utf-8")
EXAMPLES = sorted((SKILL / "examples").glob("*.md"))
_BLOCKS = re.compile(r"```(yaml|bash)\n(.*?)```", re.DOTALL)
_ROW = re.compile(r"^\| `([a-z ]+)` \| (`.*`) \|$", re.MULTILINE)


def _begin(folder: Path) -> None:
    """What the skill does where there is no database."""
    ((_, text),) = _BLOCKS.findall(PAGE)
    (folder / "begun").mkdir()
    Shell(folder / "begun").run(text=text)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A folder with what that leaves: its ``demo``."""
    begun = made_once(tmp_path_factory, "skill", _begin) / "begun"
    made = Shell(tmp_path_factory.mktemp("assistant"))
    shutil.copytree(begun / "demo", made.folder / "demo")
    return made


def test_it_is_found_by_its_front_matter() -> None:
    """A name in small letters and dashes, and when to use it, as assistants read them."""
    _, front, rest = PAGE.split("---\n", 2)
    found = yaml.safe_load(front)
    assert found.keys() == {"name", "description"}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found["name"])
    assert len(found["name"]) <= 64
    assert 100 < len(found["description"]) <= 1_024
    assert "Use when" in found["description"]
    assert rest.startswith("\n# ")


def test_every_example_is_linked() -> None:
    """Three of them, with a wish first and an answer last."""
    assert len(EXAMPLES) == 3
    for path in EXAMPLES:
        text = path.read_text("utf-8")
        assert f"(examples/{path.name})" in PAGE
        assert '\n> "' in text.split("```")[0]
        assert "\n**Answer**: " in text.split("```")[-1]


@pytest.mark.long
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_works(shell: Shell, path: Path) -> None:
    """As it stands: it is checked without a doubt, its test passes, and it has a past to be tried
    on, in which it tells something."""
    printed = dict[str, Any]()
    exported = ""
    for kind, text in _BLOCKS.findall(path.read_text("utf-8")):
        if kind == "yaml":
            (shell.folder / text.split("\n", 1)[0].removeprefix("# ")).write_text(text, "utf-8")
            continue
        for line in text.strip().splitlines():
            if line.startswith("export "):
                exported = f"{line}\n"
                continue
            call = shlex.split(line, comments=True)[1:]
            printed[call[0]] = hold(call, shell.run(text=exported + line))
    assert printed.keys() >= {"check", "test", "backtest"}
    assert printed["check"]["ok"]
    assert printed["check"]["warnings"] == []
    assert printed["test"]["ok"]
    assert len(printed["test"]["tests"]) == 1
    found = printed["backtest"]
    assert found["scans"] >= 29
    assert found["channels"][0]["messages"] > 0


def _says(schema: Any, root: Any, steps: list[str]) -> bool:
    """Whether a schema has a field at the end of these steps."""
    if "$ref" in schema:
        return _says(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root, steps)
    if any(_says(each, root, steps) for each in schema.get("anyOf", ())):
        return True
    if not steps:
        return "anyOf" not in schema or bool(schema.get("type"))
    first, *rest = steps
    if first == "[]":
        return "items" in schema and _says(schema["items"], root, rest)
    return first in schema.get("properties", {}) and _says(schema["properties"][first], root, rest)


def _fields() -> Iterator[tuple[str, str]]:
    """Yield each command of the table with each field that it says to read."""
    for command, fields in _ROW.findall(PAGE):
        for field in re.findall(r"`([^`]+)`", fields):
            yield command, field


@pytest.mark.parametrize(("command", "field"), [*_fields()])
def test_what_is_read_is_printed(command: str, field: str) -> None:
    """Each field that the skill names is one of the command's schema; another one is not."""
    schema = json.loads(json.dumps(validator(command).schema))
    steps = [each for each in re.split(r"\.|(?=\[\])", field) if each]
    assert _says(schema, schema, steps)
    assert not _says(schema, schema, [*steps[:-1], f"{steps[-1]}x"])


def test_the_table_is_read() -> None:
    """Of commands that have it, the five of the steps among them."""
    named = {command for command, _ in _fields()}
    assert named <= {*json_commands()}
    assert named >= {"check", "test", "backtest", "tune", "explain"}

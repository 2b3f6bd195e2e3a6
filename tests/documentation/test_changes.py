"""Each worked change in ``docs/changes/`` applies to the code, and its tests pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHANGES = sorted((ROOT / "docs" / "changes").glob("*.md"))
COPIED = ("watcher", "tests", "tools", "docs", "README.md", "pyproject.toml")
# What follows from every change: the reference pages, the schema, and the table of fields.
ALWAYS = ("tests/documentation/test_reference.py", "tests/rules/schema/test_json_schema.py")

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git, to apply a diff"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project to change."""
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    return tmp_path


def run(folder: Path, *command: str, text: str = "") -> None:
    """Run a program on the copy; its output where it fails."""
    env = os.environ | {"PYTHONPATH": str(folder), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(
        command, cwd=folder, env=env, input=text, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", CHANGES, ids=lambda page: page.stem)
def test_the_change_works(copy: Path, page: Path) -> None:
    """The diff applies, ``make docs`` follows, and the tests that it touches pass."""
    (diff,) = re.findall(r"```diff\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    tests = sorted(set(re.findall(r"^\+\+\+ b/(tests/.*test_\w+\.py)$", diff, re.MULTILINE)))
    assert tests
    run(copy, "git", "apply", "--verbose", "-", text=diff)
    run(copy, sys.executable, "-m", "tools.reference")
    run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, *ALWAYS)


def test_there_is_one_for_each() -> None:
    """An operator, a derived metric, a command, a field, an endpoint, a style."""
    assert {page.stem for page in CHANGES} == {
        "add-an-operator", "add-a-derived-metric", "add-a-command", "add-an-api-field",
        "add-an-endpoint", "add-a-style",
    }  # fmt: skip

"""A version of tomorrow: the code of today with a migration more and another number."""

from __future__ import annotations

import shutil
from pathlib import Path

import watcher

OLDER = watcher.__version__
NEWER = "99.0.0"
MIGRATION = "m999_tomorrow"
_PACKAGE = Path(watcher.__file__).parent
# What tomorrow's books have, and what tomorrow's daemons share.
_OF_BOOKS = f"""

_TOMORROW = "ALTER TABLE scans ADD COLUMN tomorrow bigint;\\nCREATE TABLE tomorrow (day bigint)"
MIGRATIONS = {{**MIGRATIONS, "{MIGRATION}": _TOMORROW}}
"""
_SHARED = """

_TOMORROW = "ALTER TABLE watcher.books ADD COLUMN tomorrow text; CREATE TABLE watcher.tomorrow ()"
MIGRATIONS = (*MIGRATIONS, ("m999_tomorrow", _TOMORROW))
"""


def newer(folder: Path) -> Path:
    """A folder for ``PYTHONPATH`` that has tomorrow's version."""
    package = folder / "watcher"
    shutil.copytree(_PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    _change(package / "__init__.py", f'__version__ = "{OLDER}"', f'__version__ = "{NEWER}"')
    store = package / "store" / "postgres"
    _add(store / "schema.py", _OF_BOOKS)
    _add(store / "control_schema.py", _SHARED)
    return folder


def _change(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text, path
    path.write_text(text.replace(before, after), encoding="utf-8")


def _add(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)

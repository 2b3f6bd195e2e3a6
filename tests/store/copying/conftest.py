"""A file to copy from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sharing import made_once
from tests.store.copying.filled import fill
from watcher.store.sqlite.database import Database


def _make(folder: Path) -> None:
    with Database.open(folder / "source.db") as database:
        fill(database)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with something in most tables, which nobody changes: to fill it takes seconds."""
    folder = made_once(tmp_path_factory, "filled", _make)
    assert [each.name for each in folder.glob("source.db?*")] in ([], ["source.db.lock"])
    return folder / "source.db"


@pytest.fixture
def source(tmp_path: Path, filled: Path) -> Path:
    """A copy of it, of the test's own."""
    path = tmp_path / "source.db"
    shutil.copyfile(filled, path)
    path.chmod(0o600)
    return path

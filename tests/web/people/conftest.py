"""A copy of the furnished database, with and without people."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.web.conftest import Furnished
from tests.web.people.visiting import let_in


@pytest.fixture
def copy(furnished: Furnished, tmp_path: Path) -> Path:
    """A copy to write to."""
    return Path(shutil.copy(furnished.path, tmp_path))


@pytest.fixture
def peopled(copy: Path, furnished: Furnished) -> Path:
    """A copy with people of each role."""
    let_in(copy, furnished.now)
    return copy

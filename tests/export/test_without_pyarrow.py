"""What is said where the extra is not installed."""

from __future__ import annotations

import io
import sys

import pytest

from watcher.errors import WatcherError
from watcher.export.formats import write_parquet
from watcher.export.table import Column, Export, Kind


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is written."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = io.BytesIO()
    with pytest.raises(WatcherError, match="pip install pyarrow"):
        write_parquet(Export((Column("a", Kind.TEXT),), 0, iter(())), file)
    assert file.getvalue() == b""

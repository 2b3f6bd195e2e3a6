"""The pages that are made from the code are what the code says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.marked import fill, table
from tools.reference import DOCS, stale, wholes
from watcher.fields import NUMERIC
from watcher.rules.derived import DERIVED


def test_nothing_is_stale() -> None:
    """Else: make docs."""
    assert stale() == []


def test_a_stale_page_is_found_and_written(tmp_path: Path) -> None:
    """Only what stands between the marks is written."""
    for name in (*(page.name for page in DOCS.glob("*.md")), *wholes()):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(DOCS / name, tmp_path / name)
    path = tmp_path / "metrics.md"
    whole = path.read_text("utf-8")
    path.write_text(whole.replace("`live_share`", "`dead_share`", 1), "utf-8")
    assert stale(tmp_path) == [path]
    assert stale(tmp_path, write=True) == [path]
    assert stale(tmp_path) == []
    assert path.read_text("utf-8") == whole


def test_every_metric_is_there() -> None:
    """Counters by their family: the name of one window is enough."""
    page = (DOCS / "metrics.md").read_text("utf-8")
    for metric in DERIVED:
        assert f"| `{metric.name}` |" in page
    for field in NUMERIC:
        assert f"`{field.family.format('7d_') if field.window else field.name}`" in page


def test_marks_must_be_there() -> None:
    """A page that lost its marks is an error, not a page without a table."""
    assert fill("a <!-- x -->old<!-- /x --> b", "x", "new") == (
        "a <!-- x -->\n\nnew\n\n<!-- /x --> b"
    )
    with pytest.raises(ValueError, match="no <!-- x -->"):
        fill("a <!-- x --> b", "x", "new")


def test_a_bar_in_a_cell() -> None:
    """It would end the cell."""
    assert table(("a",), [("x|y",)]).splitlines()[-1] == r"| x\|y |"

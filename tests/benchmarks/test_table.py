"""A figure over its goal is seen, and only the table's place in a page is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.report import Line, table

GOOD = Line("good", (1.0, 1.2, 9.0), "x", 1.5)
BAD = Line("bad", (1.0, 1.2, 9.0), "x", 1.5, worst=True, beside="this")


def run(monkeypatch: pytest.MonkeyPatch, lines: list[Line], *options: str) -> int:
    """The command on one case that yields ``lines``."""
    monkeypatch.setattr(bench, "CASES", {"case": lambda _times: iter(lines)})
    monkeypatch.setattr(sys, "argv", ["benchmarks", *options])
    return bench.main()


def test_the_median_counts_or_the_worst() -> None:
    """What is over its goal is bold."""
    assert (GOOD.good, BAD.good) == (True, False)
    assert table([GOOD]).splitlines()[-1] == "| good | ≤ 1.50x | 1.20x | 1.00x to 9.00x |  |"
    assert "| **9.00x** | 1.00x to 9.00x | this |" in table([BAD])


def test_the_exit_code_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 where some figure is over its goal."""
    assert run(monkeypatch, [GOOD]) == 0
    assert run(monkeypatch, [GOOD, BAD]) == 1


def test_only_the_marked_part_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And a page without the marks is said before anything is measured."""
    page = tmp_path / "page.md"
    page.write_text("before <!-- benchmarks -->old<!-- /benchmarks --> after", "utf-8")
    run(monkeypatch, [GOOD], "--write", str(page))
    text = page.read_text("utf-8")
    assert text.startswith("before <!-- benchmarks -->")
    assert text.endswith("<!-- /benchmarks --> after")
    assert "| good |" in text
    assert "old" not in text
    page.write_text("no marks", "utf-8")
    with pytest.raises(ValueError, match="no <!-- benchmarks -->"):
        run(monkeypatch, [GOOD], "--write", str(page))

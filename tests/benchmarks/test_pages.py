"""The benchmark of the pages: none is missing, and each that it asks for is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import pages
from benchmarks.page_addresses import addresses, missing
from benchmarks.page_market import NOW, Extent, make, rules
from watcher.rules.files.loading import load_text

SMALL = Extent(
    products=9_001, rules=8, watches=8, days=1, few=1, small=10, alerts=300, firing=40,
    messages=400, written=50,
)  # fmt: skip


def test_no_page_is_missing() -> None:
    """A new route has an address there, or is said to need none."""
    assert missing() == set()


@pytest.mark.sqlite
async def test_each_page_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a smaller database of the same kind: what is measured is no error's page."""
    path, book, wrong = tmp_path / "pages.db", load_text(rules(SMALL)), []
    make(path, book, SMALL)
    async with pages.served(path, book, NOW + 600) as session:
        for one in addresses():
            async with session.get(f"/{one}") as answer:
                if answer.status != 200:
                    wrong.append(f"{one}: {answer.status}")
    assert wrong == []
    monkeypatch.setattr(pages, "TIMES", 2)
    (found,) = await pages.measure(path, book, ["sellers"])
    assert (found.path, found.status, found.is_small) == ("/sellers", 200, True)
    assert 0 < found.median <= found.slowest

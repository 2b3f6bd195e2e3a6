"""Every page wherever it may be shown: in another language, below a path, of one of several books,
of a replica, and of a database in which there is nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import harmless
from tests.web.hostile.samples import FACES, LEADING, LINKS, READS, address
from tests.web.hostile.structure import queries
from tests.web.hostile.visitor import Answer, Visitor, visiting
from tests.web.pseudo_pages import BEGIN, PseudoTexts, unmarked
from watcher.web.speaking import is_for_programs

SHOWN = [each for each in (*READS, *LINKS) if not is_for_programs(each) and each not in LEADING]
CHINESE = {"Accept-Language": "zh-CN"}
# What is no text of ours: what stands in the market, ids, signs, and names of programs.
_DATA = re.compile(
    r"some [a-z' ]+\d?|some [a-z]+'s|\b(UTC|US|USD|GMV|A\d+|me/\d|me|boss|watcher|English|CSV|JSON"
    r"|Atom|YAML|reader|gone|page\.yaml|seller_id=\d+|category_id=\d+|total_sale_7d_cnt)\b"
)


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text has a translation: itself, in brackets."""
    monkeypatch.setattr("watcher.language.catalogue", lambda _wanted: PseudoTexts())


async def faces(visitor: Visitor, route: str) -> AsyncIterator[tuple[str, Answer]]:
    """Yield the page, and those to which it leads with another query."""
    path = address(route, harmless)
    first = await visitor.get(path)
    yield path, first
    if first.is_page:
        found = [each for each in queries(first.text, path) if "language=" not in each]
        for query in dict.fromkeys((*found, *FACES.get(route, ()))):
            yield f"{path}?{query}", await visitor.get(f"{path}?{query}")


@pytest.mark.usefixtures("pseudo")
async def test_in_another_language(opened: Opened) -> None:
    """No text is left that was not marked."""
    left = []
    async with opened() as (page, _market), visiting(page, **CHINESE) as visitor:
        for route in SHOWN:
            async for path, answer in faces(visitor, route):
                assert answer.status == 200, path
                if answer.is_page:
                    assert BEGIN in answer.text
                    left += [f"{path}: {each}" for each in unmarked(answer.text) if is_ours(each)]
    assert left == []


def is_ours(text: str) -> bool:
    """Whether a text that was not marked should have been."""
    return re.search(r"[A-Za-z]{2,}", _DATA.sub(" ", text)) is not None

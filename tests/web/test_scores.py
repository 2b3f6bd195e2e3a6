"""What became of what was told, on the page."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.fakes.selling import Shop, steps
from tests.web.conftest import Furnished
from tests.web.furnished import HOSTILE
from tests.web.serving import Page, but_our_script, serving
from watcher.analysis.scores.score import Scores
from watcher.store.sqlite.database import Database
from watcher.web.context import KEPT, LONGEST, Board

T = TypeVar("T")
RULES = """rules:
  - {name: rising, watch: WATCH, when: {sales_growth: {at_least: 150%}}}
  - {name: cheap, watch: WATCH, when: {spu_avg_price: {below: 9}}}
  - {name: fresh, watch: WATCH, when: {appears: true}}
  - {name: silent, watch: WATCH, when: {total_sale_7d_cnt: {above: 1m}}}
"""
FLAT = {f"flat {number}": steps((200, 10)) for number in range(12)}


def sold(database: Database) -> Shop:
    """One alert that went on, two of one product that fell back, a guard, a newcomer."""
    up, down = steps((50, 10), (150, 40)), steps((50, 10), (3, 60), (147, 10))
    shop = Shop(database, RULES, {"up": up, "down": down, **FLAT})
    shop.read(range(40, 80), more={"up": {"spu_avg_price": 8}})
    for product, day, rule in (("up", 52, "rising"), ("down", 52, "rising"), ("down", 53, "rising"),
                               ("up", 50, "cheap"), ("up", 60, "fresh")):  # fmt: skip
        shop.tell(product, day, rule, resolved=day + 5)
    database.execute("UPDATE products SET product_name = ? WHERE product_id = 'down'", (HOSTILE,))
    return shop


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Its page."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        shop = sold(database)
    async with serving(path, Furnished(path, shop.book, shop.morning(80))) as served:
        yield served


async def test_the_scores_of_all_rules(page: Page) -> None:
    """In tables by what they claim, with names from outside as texts; linked from the rules."""
    await page.get("api/scores.json")  # a program waits until they are reckoned
    status, text = await page.get("scores")
    assert status == 200
    order = [
        "5 alerts since", "me 5 messages", "Rules that claim a rise", ">rising</a>",
        '<td data-label="Went on" class="n">1</td>', '<td data-label="Fell back" class="n">2</td>',
        '<td data-label="Share" class="n">33%</td>', "Rules that claim that something is so",
        '<td data-label="Held" class="n">1</td>', "Rules of which nothing can be measured",
        "Noisiest products", "&lt;script&gt;", '<td data-label="In vain" class="n">2</td>',
        "Told nothing:", ">silent</a>",
    ]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "<script" not in but_our_script(text)
    # A table's region alone has the name: two of one name can't be told apart by who hears them.
    named = re.findall(r'aria-label="([^"]+)"', text)
    assert len(named) == len({*named}) > 3
    assert "<section aria-labelledby" not in text
    assert 'href="./scores"' in (await page.get("rules"))[1]


async def test_a_rules_own_score(page: Page) -> None:
    """On its page, in the same words as on the terminal."""
    _, text = await page.get("rules/rising")
    assert "3 alerts told of 2 products" in text
    assert "<li>1 went on: 33%</li><li>2 fell back</li>" in text
    assert 'href="../scores"' in text
    assert "It told nothing" in (await page.get("rules/silent"))[1]


async def test_scores_for_programs(page: Page) -> None:
    """The same as JSON, and in a rule's."""
    data = json.loads((await page.get("api/scores.json"))[1])
    assert [rule["rule"] for rule in data["rules"]][:1] == ["rising"]
    assert data["tally"]["fell_back"] == 2
    rule = json.loads((await page.get("api/rules/rising.json"))[1])
    assert rule["score"] == data["rules"][0]


async def test_scores_are_kept_while_nothing_is_new() -> None:
    """Each rule is a reading of its own; what is new shows after a while, other rules at once, and
    what time alone brings within a day."""
    with Database.in_memory() as store:
        await _asked_again(store)


async def _asked_again(store: Database) -> None:
    shop, reads = sold(store), list[object]()

    async def read(job: Callable[[Database], T]) -> T:
        reads.append(job)
        return job(store)

    board, book, now = Board(0), shop.book, shop.morning(80)
    first = await board.all(book, now, read)
    assert len(reads) == 2 + len(book.rules) + 1
    assert first.tally.told == 5
    assert await board.of(book.rules[0], book, now + 9 * KEPT, read) is first.rules[0]
    assert len(reads) == 8
    later = await board.all(book, now + LONGEST, read)
    assert later.until == first.until + LONGEST
    now += LONGEST
    shop.tell("down", 70, "rising", resolved=71)
    assert (await board.all(book, now + KEPT - 1, read)).tally.told == 5
    assert (await board.all(book, now + KEPT, read)).tally.told == 6
    other = replace(book, rules=book.rules[:1])
    assert len((await board.all(other, now + KEPT, read)).rules) == 1


async def test_nobody_waits_for_the_scores_of_all_rules() -> None:
    """Those of before are shown, or none, while new ones are reckoned for a later look."""
    with Database.in_memory() as store:
        shop, board, may = sold(store), Board(0), asyncio.Event()
        book, now = shop.book, shop.morning(80)

        async def read(job: Callable[[Database], T]) -> T:
            await may.wait()
            return job(store)

        async def reckoned(at: int) -> Scores:
            may.set()
            scores = await board.all(book, at, read)
            while (await board.shown(book, at, read))[1]:
                pass
            may.clear()
            return scores

        assert await board.shown(book, now, read) == (None, True)
        assert await board.shown(book, now, read) == (None, True)
        first = await reckoned(now)
        assert first.tally.told == 5
        shop.tell("down", 70, "rising", resolved=71)
        assert await board.shown(book, now + KEPT, read) == (first, True)
        assert (await reckoned(now + KEPT)).tally.told == 6


async def test_what_is_shown_while_there_are_no_scores(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word, and a way to look again; of those of before when they were."""
    found = json.loads((await page.get("api/scores.json"))[1])
    shown = Board.shown

    async def before(board: Board, *asked: Any) -> tuple[Scores | None, bool]:
        return (await shown(board, *asked))[0], True

    async def none(_board: Board, *_asked: object) -> tuple[Scores | None, bool]:
        return None, True

    monkeypatch.setattr(Board, "shown", none)
    status, text = await page.get("scores")
    assert status == 200
    assert "being reckoned for the first time" in text
    assert '<a href="./scores">Look again</a>' in text
    monkeypatch.setattr(Board, "shown", before)
    text = (await page.get("scores"))[1]
    assert "what is new since is being reckoned" in text
    assert f"{found['tally']['told']} alerts since" in text


async def test_rules_that_are_no_more_are_not_shown(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores of before may be of rules that were taken away since: their links would lead to
    nothing."""
    shown, gone = Board.shown, "long gone"

    async def before(board: Board, *asked: Any) -> tuple[Scores | None, bool]:
        scores, _ = await shown(board, *asked)
        assert scores is not None
        return replace(scores, rules=(*scores.rules, replace(scores.rules[0], rule=gone))), True

    await page.get("api/scores.json")
    monkeypatch.setattr(Board, "shown", before)
    status, text = await page.get("scores")
    assert status == 200
    assert gone not in text


async def test_a_rules_page_waits_for_one_rule_at_most() -> None:
    """However many are scored for another visitor at that time."""
    with Database.in_memory() as store:
        shop, board, done = sold(store), Board(0), list[str]()
        book, now = shop.book, shop.morning(80)
        begun = asyncio.Event()

        async def read(job: Callable[[Database], T]) -> T:
            if isinstance(job, partial):  # a score, not what it is made of
                begun.set()
            await asyncio.sleep(0)
            return job(store)

        async def visit(name: str, what: Awaitable[object]) -> None:
            await what
            done.append(name)

        everything = asyncio.create_task(visit("all", board.all(book, now, read)))
        await begun.wait()
        await visit("one", board.of(book.rules[-1], book, now, read))
        await everything
        assert done == ["one", "all"]

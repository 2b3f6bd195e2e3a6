"""Names of categories, read again for the rules that use them."""

from __future__ import annotations

import pytest

from tests.fakes.clock import START, SetClock
from tests.source.scripted import KEY, Reply, ScriptedServer, body_of
from watcher.categories import CategoryLookup, CategoryName, KnownCategories
from watcher.daemon.scheduling.category_names import CategoryReader, branches_of
from watcher.daemon.scheduling.scanner import Scanner, client_of
from watcher.rules.files.loading import load_text
from watcher.source.category_branches import around
from watcher.source.endpoints import CATEGORIES
from watcher.source.sibling_answers import categories_of
from watcher.store.ports import Store
from watcher.store.sql.siblings import Category, Probe
from watcher.store.threads import Writer
from watcher.units import DAY, HOUR

RULES = """
api: {{key: "{key}", url: "{url}", requests_per_second: 1000{more}}}
rules: [{{name: a, watch: {{region: US}}, when: {{{when}}}}}]
"""
KNOWN = (
    CategoryName("Beauty", "1", 1, "", 1, "Beauty", 1),
    CategoryName("Skin", "11", 2, "1", 1, "Skin", 1),
    CategoryName("Sets", "111", 3, "11", 1, "Sets", 1),
)
PATH = "/v9/names"


class Bench:
    """A server, a store with names, and what reads them again."""

    def __init__(
        self, server: ScriptedServer, writer: Writer, more: str = "", when: str = "category: Sets"
    ) -> None:
        text = RULES.format(key=KEY, url=server.url, more=more, when=when)
        lookup = CategoryLookup(lambda: KnownCategories(KNOWN))
        self.book = load_text(text, categories=lookup)
        self.server, self.writer, self.clock = server, writer, SetClock()
        self.client = client_of(self.book)
        self.names = CategoryReader(Scanner(self.book, self.client, writer, self.clock), writer)

    def fill(self, database: Store, *, works: bool = True) -> None:
        """The names, which were read at the start, and the endpoint as it was found with the
        key."""
        rows = [Category(each.category_id, each.level, each.name, each.parent) for each in KNOWN]
        database.categories.put(rows, START)
        credential = self.book.api.credential
        database.probes.put(Probe(CATEGORIES.name, START, works, 200, "", PATH, credential))

    async def at(self, seconds: int, *replies: Reply | bytes) -> list[str | None]:
        """What is asked for in a turn so long after the start: parents."""
        self.clock.instant = START + seconds
        self.server.queue += replies
        before = len(self.server.asked)
        await self.names.turn()
        return [each.query.get("parent_id") for each in self.server.asked[before:]]


def named(*names: tuple[str, str]) -> bytes:
    """An answer with these ids and names."""
    return body_of([{"category_id": each, "name": name} for each, name in names])


async def test_each_branch_of_what_rules_name() -> None:
    """Once a month at the announced cost; a name that is gone stays what it stood for."""
    async with ScriptedServer() as server, Writer() as writer:
        bench = Bench(server, writer)
        async with bench.client:
            await writer.run(bench.fill)
            assert len(await writer.run(lambda db: branches_of(db, bench.book))) == 3
            assert await bench.at(30 * DAY - 1) == []
            assert await bench.at(30 * DAY) == []  # looked an hour before at the soonest
            # The last one counts its levels from itself on.
            below = body_of([{"category_id": "112", "name": "Serums", "level": 1}])
            replies = named(("1", "Beauty")), named(("11", "Skincare")), below
            assert await bench.at(30 * DAY + HOUR, *replies) == [None, "1", "11"]
            assert {each.path for each in server.asked} == {PATH}
            known = await writer.run(lambda db: db.categories.known())
            assert known.path("111") == "Beauty > Skincare > Sets"
            assert [known.level_of(each) for each in ("1", "11", "112")] == [1, 2, 3]
            found = known.find("Sets")
            assert (found.category_id, "lists no category" in found.doubt) == ("111", True)
            assert known.find("Skin").category_id == "11"
            spent = await writer.run(lambda db: db.ledger.spent(bench.clock.now()))
            assert spent.day == 3
            assert await bench.at(31 * DAY + 2 * HOUR) == []


class Circle(KnownCategories):
    """Categories of which each is above the other, as an answer may have it."""

    walked = 0

    def parent_of(self, category_id: str) -> str:
        self.walked += 1
        assert self.walked < 9, "round in circles"
        return {"1": "2", "2": "1"}[category_id]


def test_an_answer_that_goes_round_in_circles() -> None:
    """Ends all the same; and nothing is above itself."""
    both = (CategoryName(each, each, 2, "", 1, each, 1) for each in "12")
    assert {branch.parent for branch in around("12", Circle(both))} == {"", "1", "2"}
    answer = [{"category_id": 5, "name": "Sets", "parent_id": 5}]
    assert [(each.level, each.parent) for each in categories_of(answer, 2, "5")] == [(2, "")]


@pytest.mark.parametrize(
    ("more", "when", "works"),
    [
        ("", "category_l3_id: 111", True),  # nobody names any
        (", category_names: 0s", "category: Sets", True),
        ("", "category: Sets", False),
    ],
)
async def test_nobody_asked_for_it(more: str, when: str, *, works: bool) -> None:
    """Nothing is spent: no rule names one, it is off, or the probe did not find the endpoint."""
    async with ScriptedServer() as server, Writer() as writer:
        bench = Bench(server, writer, more, when)
        async with bench.client:
            await writer.run(lambda db: bench.fill(db, works=works))
            assert await bench.at(100 * DAY) == []


async def test_a_refusal_and_a_cap() -> None:
    """Are tried again after a week; what is known stays."""
    async with ScriptedServer() as server, Writer() as writer:
        bench = Bench(server, writer)
        async with bench.client:
            await writer.run(bench.fill)
            refused = Reply(403, b'{"message": "no more"}')
            assert await bench.at(40 * DAY, refused) == [None]
            assert await bench.at(46 * DAY) == []
            empty = body_of([])
            assert await bench.at(48 * DAY, empty) == [None]
            known = await writer.run(lambda db: db.categories.known())
            assert known.find("Sets").category_id == "111"
        capped = Bench(server, writer, ", credits_per_day: 2")
        async with capped.client:
            assert await capped.at(60 * DAY) == []

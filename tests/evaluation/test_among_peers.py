"""Rules on peers, from a scan to what is told later, shown, replayed and tested."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.lockstep import Daemon, assert_equal, replayed
from tests.fakes.world import HEAD
from tests.store.making import DAY, SALES, START, scan
from watcher.analysis.explain import explain
from watcher.evaluation.present import newest_products
from watcher.evidence import Peers
from watcher.model import Instant, Scan, ScanState, Verdict
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database

RULES = f"""
watches: {{w: {{sort: {SALES} desc}}}}
rules:
- {{name: high, watch: w, remind: 2d, when: {{{SALES}: {{highest: 10%, among: category_l3_id}}}}}}
- {{name: low, watch: w, when: {{{SALES}: {{lowest: 5%, among: watch}}}}}}
"""
FIRST, SECOND = "1", "2"  # categories


def listed(at: Instant, sales: dict[str, float], watch: str) -> Scan:
    """A list whose products are of the category that their id begins with; some rows name the
    market, which all of it is of."""
    found = scan(at, sales, watch=watch)
    categories = tuple(each[0] if each[0] != "3" else "0" for each in sales)
    regions = tuple("US" if row % 2 else None for row, _ in enumerate(sales))
    return replace(found, texts={**found.texts, "category_l3_id": categories, "region": regions})


def market(turn: int) -> dict[str, float]:
    """25 products of one category, 19 of another and three of none, in an order that turns."""
    names = [f"{FIRST}{row:02}" for row in range(25)] + [f"{SECOND}{row:02}" for row in range(19)]
    values = [float(100 + (row + turn) % 25) for row in range(25)]
    values += [float(300 + row) for row in range(19)]
    return dict(
        zip([*names, "301", "302", "303"], [*values, 900.0, 901.0, 1.0 + turn], strict=True)
    )


def test_seen_told_and_replayed_alike(store: Database) -> None:
    """Peers are all of the list, also where only some of its products are asked about: in what is
    told later, in what is explained, and in a replay of all days."""
    book = load_text(HEAD + RULES)
    daemon = Daemon(store, book)
    store.rules.sync(book.marks, START)
    (watch,) = book.watches
    for turn in range(6):
        daemon.scan(listed(START + turn * DAY, market(turn), watch.key))
    fired = {
        (each.rule, facts.product_id)
        for each in store.alerts.live(["high", "low"])
        for facts in store.history.facts([each.product]).values()
    }
    assert fired == {("high", "118"), ("high", "119"), ("low", "303"), ("low", "120")}
    high, _ = book.rules
    (told,) = store.history.find("118")
    (other,) = store.history.find("201")
    present = newest_products(store, watch.key, [high], [told.product, other.product])
    assert present is not None
    assert len(present.rows) == 2, "only what is asked about is read"
    found = [present.known(high, each.product) for each in (told, other)]
    known, unknown = (each.evidence[0] for each in found if each is not None)
    assert known.peers == Peers(2 / 25, 25, 112.0)
    assert (unknown.verdict, unknown.peers) == (Verdict.NO_DATA, None)
    now = START + 5 * DAY + 600
    assert explain(store, book, high, told, now).when.evidence == known
    why = explain(store, book, high, other, now).when.why
    assert why == (
        "19 listed products of its category_l3_id have a value, and among fewer than 20 nothing "
        "is said"
    )
    (nowhere,) = store.history.find("301")
    assert "no category_l3_id" in explain(store, book, high, nowhere, now).when.why
    assert_equal(daemon.said, replayed(store, book, (START, daemon.said[-1][0])))
    assert_equal(daemon.said, replayed(store, book, (START, daemon.said[-1][0]), every=False))


def test_a_part_of_the_list_says_nothing_of_peers(store: Database) -> None:
    """The highest of the pages that came are not the highest of the list: what fires goes on, and
    nothing begins."""
    book = load_text(HEAD + RULES)
    daemon = Daemon(store, book)
    store.rules.sync(book.marks, START)
    (watch,) = book.watches
    daemon.scan(listed(START, market(0), watch.key))
    before = {each.id for each in store.alerts.live(["high", "low"])}
    assert before
    some = {key: value for key, value in market(0).items() if key not in ("124", "123", "303")}
    daemon.scan(replace(listed(START + DAY, some, watch.key), state=ScanState.PARTIAL))
    assert {each.id for each in store.alerts.live(["high", "low"])} == before
    (other,) = store.history.find("122")
    (high, _), now = book.rules, START + DAY + 600
    assert "not read to its end" in explain(store, book, high, other, now).when.why
    assert_equal(daemon.said, replayed(store, book, (START, START + DAY)))


def test_who_fell_off_is_no_peer(store: Database) -> None:
    """A product that the newest list lacks has its place of the list that had it."""
    book = load_text(HEAD + RULES)
    daemon = Daemon(store, book)
    store.rules.sync(book.marks, START)
    (watch,) = book.watches
    daemon.scan(listed(START, market(0), watch.key))
    left = {key: value for key, value in market(0).items() if key != "124"}
    daemon.scan(listed(START + DAY, left, watch.key))
    high, _ = book.rules
    (gone,) = store.history.find("124")
    present = newest_products(store, watch.key, [high], [gone.product])
    assert present is not None
    known = present.known(high, gone.product)
    assert known is not None
    assert known.evidence[0].peers == Peers(1 / 25, 25, 112.0)
    assert not known.current

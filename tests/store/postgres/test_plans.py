"""How the server goes about hot statements, where the table of observations is filled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import create_database
from tests.store.making import DAY, GMV, SALES, START, scan
from tests.store.postgres.stores import Listening
from watcher.store.places import Server
from watcher.store.postgres import partitions
from watcher.store.records import RANK, WindowQuery

PRODUCTS, DAYS = 2_000, 70
PAST = START - DAYS * DAY


@pytest.fixture(scope="module")
def store(postgres_server: str) -> Iterator[Listening]:
    """Some months of many products, and three scans of a few of them."""
    with Listening.open(Server(create_database(postgres_server, "plans"))) as book:
        with book.atomic():
            partitions.ensure(book, range(PAST, START, DAY))
            book.execute(
                "INSERT INTO products (id, region, product_id, first_seen, last_changed, newest, "
                "digest) SELECT p, 'US', p::text, ?, 1, ? + p, 0 FROM generate_series(1, ?) AS p",
                (PAST, (DAYS - 1) * PRODUCTS, PRODUCTS),
            )
            book.execute(
                f"INSERT INTO observations (id, product, at, {SALES}, {GMV}) "
                "SELECT ?1 * d + p, p, ?2 + ?3 * d, d, p FROM generate_series(0, ?4 - 1) AS d, "
                "generate_series(1, ?1) AS p",
                (PRODUCTS, PAST, DAY, DAYS),
            )
        book.execute("ANALYZE")
        for day in range(3):
            book.history.record(scan(START + day * DAY, {str(n): n + day for n in range(1, 500)}))
        yield book


def hot(plans: list[str]) -> list[str]:
    """The plans that read observations; at least one does."""
    found = [plan for plan in plans if "observations" in plan]
    assert found
    return found


def refuse_whole_tables(plans: list[str]) -> None:
    """None goes through all observations."""
    for plan in hot(plans):
        assert "Seq Scan on observations" not in plan, plan


def test_no_statement_of_a_scan_reads_all_observations(store: Listening) -> None:
    """Recording, last values, those of a time ago, all of a time; of many products and of few."""
    store.plans()
    recorded = store.history.record(scan(START + 4 * DAY, {str(n): 7 for n in range(1, 500)}))
    refuse_whole_tables(store.plans())
    for products in (recorded.products, recorded.products[:3]):
        at = START + 4 * DAY
        fields = [SALES, GMV, RANK]
        store.history.last("w", recorded.scan_id, products, fields)
        refuse_whole_tables(store.plans())
        store.history.ago("w", products, at - DAY, at - 9 * DAY, fields)
        refuse_whole_tables(store.plans())
        query = WindowQuery("w", "US", products, (at - 14 * DAY, at), [SALES])
        assert len([*store.history.windows(query)]) == 1
        refuse_whole_tables(store.plans())


def test_no_statement_about_products_reads_all_observations(store: Listening) -> None:
    """Facts, a plot, how many have a value, what changed last."""
    ids = [str(number) for number in range(1, 400)]
    store.plans()
    store.history.facts(range(1, 9))
    store.history.find("17", "US")
    store.history.series(17, [SALES, GMV], PAST + 3 * DAY)
    store.history.had_values("US", ids, [SALES], [])
    store.history.last_change("US", PAST)
    store.upkeep.ever()
    refuse_whole_tables(store.plans())


def test_no_step_of_pruning_reads_all_observations(store: Listening) -> None:
    """A step takes some rows in the order of their ids, and looks up what is newer."""
    store.plans()
    step = store.pruner.step(PAST + 5 * DAY, PAST, rows=200)
    assert step.rows == 200
    refuse_whole_tables(store.plans())

"""Rounds of scans: when one is over, and whether it was good."""

from __future__ import annotations

from tests.daemon.scheduling.bench import KEY, RULES, Bench
from watcher.daemon.core import Core
from watcher.daemon.workers import Rounds, Workers
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database


def test_a_round_ends_when_nothing_is_queued() -> None:
    """Good where all of it was."""
    rounds = Rounds()
    assert rounds.ended("a", {"b"}, good=True) is None
    assert rounds.ended("b", set(), good=True) is True
    assert rounds.ended("a", {"b"}, good=False) is None
    assert rounds.ended("b", set(), good=True) is False
    assert rounds.ended("a", set(), good=True) is True


def test_a_round_ends_though_some_watch_is_always_queued() -> None:
    """Each of them had its turn; a long list is waited for, however often a short one is read."""
    rounds = Rounds()
    assert [rounds.ended("short", {"long"}, good=True) for _ in range(3)] == [None] * 3
    assert rounds.ended("long", {"short"}, good=True) is True
    assert rounds.ended("short", {"long"}, good=True) is None
    assert rounds.ended("long", {"short"}, good=True) is True


def test_one_bad_scan_is_not_made_good_by_the_next() -> None:
    """Within the round: its watch was not read when it was due."""
    rounds = Rounds()
    rounds.ended("short", {"long"}, good=False)
    rounds.ended("short", {"long"}, good=True)
    assert rounds.ended("long", {"short"}, good=True) is False


SEVERAL = """
  - name: dear
    watch: {sort: spu_avg_price desc, top: 10}
    when: {rank: {at_most: 2}}
"""


async def test_lists_that_are_queued_are_waited_for(bench: Bench) -> None:
    """The scan of the last one has it told; and where that comes to nothing, its worker."""
    env = {"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url}
    text = RULES.replace("API", bench.api) + SEVERAL
    core = Core(load_text(text, env=env), bench.writer, bench.clock)
    core.scanner.client = bench.client()
    workers, (top, dear) = Workers(core), core.book.used_watches
    async with core.scanner.client:
        workers.busy.update((top.key, dear.key))
        await core.scanner.scan(top, bench.clock.now())
        await workers.tell_round()
        assert await bench.titles() == []
        workers.busy.discard(top.key)
        await core.scanner.scan(dear, bench.clock.now())
        assert await bench.titles() == ["3 top, 2 dear (US)"]
        bench.clock.forward(60)
        await bench.writer.run(_forget)
        workers.busy.update((top.key, dear.key))
        core.scanner.rounds.ended(dear.key)
        await core.scanner.scan(top, bench.clock.now())
        assert core.scanner.rounds.waits
        workers.busy.clear()
        await workers.tell_round()
        assert (await bench.titles())[1:] == ["[info] top: 3 products (US)"]


def _forget(database: Store) -> None:
    """Nobody was told anything."""
    assert isinstance(database, Database)
    database.execute("DELETE FROM told")

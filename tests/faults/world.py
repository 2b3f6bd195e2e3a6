"""A world: a market, a daemon's folder, and a sink.

Two worlds of one seed have the same market and the same events on it.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import watcher as product
from tests.end_to_end.process import Daemon, Watcher
from tests.faults.days import Days, patiently, watches_of
from tests.faults.lockstep import Doors, Lockstep
from tests.faults.rows import ServerRows
from tests.faults.sink import sinking
from tests.faults.wishes import SECRETS, Wishes
from watcher.rules.files.loading import load
from watcher.source.simulator import SMOOTH, Market
from watcher.store.places import MAIN

RULES = """
api: {requests_per_second: 500, concurrency: 3}
channels:
  pair: {url: ["${SINK}/pair/1", "${SINK}/pair/2"]}
  single: {url: "${SINK}/single/1"}
  ops: {url: "${SINK}/ops/1"}
operator: [ops]
defaults: {region: US, every: 1s, notify: [pair], limit: 100}
watches:
  sales: {sort: total_sale_7d_cnt desc, top: 30}
  dear: {sort: spu_avg_price desc, top: 20}
  money: {sort: total_sale_gmv_7d_amt desc, top: 20}
  rising: {sort: total_sale_7d_cnt desc, sales_trend_flag: rising, top: 10}
rules:
  - name: selling
    watch: sales
    when: {total_sale_7d_cnt: {at_least: 1}}
    cooldown: 100w
    notify: [pair, single]
  - name: cheaper
    watch: sales
    when: {spu_avg_price: {falls: 5%}}
    resolved: true
  - name: more
    watch: sales
    when: {total_sale_7d_cnt: {rises: 8%, from: last, min_change: 10}}
    notify: [single]
  - name: turned
    watch: sales
    when: {sales_trend_flag: {becomes: rising}}
    cooldown: 100w
  - name: newcomer
    watch: sales
    when: {appears: true}
    notify: [single]
  - name: leader
    watch: money
    when: {rank: {at_most: 4}}
    for: 1s
    resolved: true
  - name: top-ten
    watch: money
    when: {rank: {enters_top: 10}}
    notify: [single]
  - name: moving
    watch: dear
    when: {any: [{spu_avg_price: {changes: 3%}}, {rank: {climbs: 2}}]}
  - name: rich
    watch: dear
    when: {rank: {at_most: 5}}
    until: {rank: {above: 8}}
    resolved: true
    notify: [single]
  - name: riser
    watch: rising
    when: {rank: {at_most: 10}}
    resolved: true
    notify: [single]
"""


@dataclass(kw_only=True)
class Installation(Days):
    """One daemon's world. ``incarnation`` counts the daemon's processes, from 1."""

    watcher: Watcher
    daemon: Daemon | None = None
    listen: str = "off"
    rows: ServerRows | None = None  # where its database is a book on a server
    wishes: Wishes | None = None
    editing: random.Random | None = None  # chooses how an editor writes; None: over the file
    # Since when, in Unix seconds, which rules were switched off.
    switched: list[tuple[float, frozenset[str]]] = field(default_factory=list)

    @property
    def incarnation(self) -> int:
        return self.simulator.incarnation

    async def start(self, *arguments: str) -> tuple[Daemon, asyncio.Task[None]]:
        """The next incarnation, and the task that reads its log; it may not be ready yet."""
        number = self.incarnation + 1
        self.watcher.env = {
            **self.watcher.env,
            "KEYAPI_KEY": self.simulator.accept(number),
            "SINK": self.sink.url(number),
        }
        place = () if self.rows is None else ("--db", self.rows.url)
        process = await self.watcher.spawn(
            *(arguments or ("run",)), *place, "--listen", self.listen, "--log-format", "json"
        )
        daemon = Daemon(process)
        self.daemon = daemon
        return daemon, asyncio.create_task(daemon.read())

    def turn_the_page(self) -> None:
        super().turn_the_page()
        if self.wishes is not None:
            self.wishes.befall(self.day)

    async def wish(self) -> bool:
        wishes = self.wishes
        if wishes is None:
            return False
        wishes.play()
        # No list may ever be judged by the new numbers with the old ids, in one world only.
        now = {str(row[0]) for row in self.query("SELECT product_id FROM followed")}
        await self._call("unfollow", now - wishes.followed)
        self.switched.append((time.time(), frozenset(wishes.off)))
        wishes.write(self.watcher.folder, self.watcher.rules, self.editing)
        self.book = wishes.book(self.watcher.folder / "meant")
        self.ignore(set())
        await patiently(self._has_taken)
        await self._call("follow", wishes.followed - now)
        return True

    def was_off(self, rule: str, at: float) -> bool:
        """Whether it may have been switched off then: the daemon takes a new edition a while after
        it was written."""
        before = [off for since, off in self.switched if since <= at]
        return any(rule in off for off in before[-2:])

    async def _call(self, command: str, ids: set[str]) -> None:
        place = () if self.rows is None else ("--db", self.rows.url)
        if ids:
            code, out, err = await self.watcher.call(command, *place, *sorted(ids))
            assert code == 0, f"{command}: {out}{err}"

    async def silence(self, rule: str, long: str) -> None:
        """Hold back for so long what a rule has to tell."""
        place = () if self.rows is None else ("--db", self.rows.url)
        code, out, err = await self.watcher.call(
            "silence", "add", *place, "--rule", rule, "--for", long
        )
        assert code == 0, f"silence: {out}{err}"

    def _has_taken(self) -> bool:
        """Whether the rules of the day are in force."""
        assert self.wishes is not None
        mark = self.wishes.mark
        return self.number("SELECT count(*) FROM rules WHERE name = ?", mark) > 0

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        if self.rows is not None:
            return self.rows.query(sql, *values)
        try:
            return self.watcher.query(sql, *values)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "unable to open" in str(error):
                return []
            raise

    def is_scanning(self) -> bool:
        return self.simulator.doors.under_way(self.incarnation)

    def last_words(self) -> object:
        return f"the log ends {self.daemon.log[-8:] if self.daemon else []}"


@asynccontextmanager
async def world(
    folder: Path,
    name: str,
    seed: int,
    rules: str = RULES,
    url: str = "",
    *,
    with_wishes: bool = False,
) -> AsyncIterator[Installation]:
    """A world on its first day in an empty folder, or in the book ``main`` of an empty database at
    ``url``; its daemon is not started. ``with_wishes``: rules of all kinds, edited daily."""
    # The daemon is the one that this harness imports, wherever another may be installed.
    watcher = Watcher(folder, "", {"PYTHONPATH": str(Path(product.__file__).parents[1])})
    # Calm: what differs from the undisturbed run is a fault's doing.
    market = Market(
        seed=seed, products=200, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
    )
    wishes = Wishes(market, seed, rules) if with_wishes else None
    watcher.rules.write_text(rules, encoding="utf-8")
    if wishes is not None:
        wishes.write(folder, watcher.rules)
    book = load([watcher.rules], SECRETS)
    lockstep = Lockstep(
        market,
        Doors(lambda watch: made.committed(watch)),  # noqa: PLW0108 - it is made below
        watches_of(book, wishes.pool if wishes is not None else frozenset()),
    )
    async with (
        sinking(lambda: made.day, lockstep.hear) as sink,
        lockstep,
    ):
        watcher.api_url = lockstep.url
        made = Installation(
            name=name,
            seed=seed,
            watcher=watcher,
            simulator=lockstep,
            sink=sink,
            book=book,
            wishes=wishes,
            rows=ServerRows(url, MAIN) if url else None,
        )
        try:
            yield made
        finally:
            if made.rows is not None:
                made.rows.close()
            daemon = made.daemon
            if daemon is not None and daemon.process.returncode is None:
                daemon.process.kill()
                await daemon.process.wait()

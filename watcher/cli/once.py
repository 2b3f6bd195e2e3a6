"""``watcher once``: one scan of what is due (or named) now, without a daemon."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from pathlib import Path

import click

from watcher import plan
from watcher.cli import options
from watcher.cli.completers import rule_names
from watcher.cli.logs import configure
from watcher.cli.lookup import chosen_rule
from watcher.cli.progress import Report, progress
from watcher.cli.run_report import RunReport
from watcher.cli.streams import leave
from watcher.daemon.clock import Clock, clock_of
from watcher.daemon.connections import targets_of, ways_of
from watcher.daemon.scheduling.budget import CHECKPOINT, LedgerBudget, PaidBudget
from watcher.daemon.scheduling.scanner import Scanner, client_of
from watcher.delivery.courier import Courier
from watcher.incidents.delivery_hooks import Post
from watcher.incidents.failing import note_credits
from watcher.incidents.operator import operator_of
from watcher.model import Message, ScanState
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import policies_of
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.engine import DatabaseThread, Scratch, Writer, hold
from watcher.store.ports import Store
from watcher.store.sql.history import ScanRow

_SEND_SECONDS = 60.0


@click.command()
@options.rules
@options.database
@click.option(
    "--rule",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=rule_names,
    help="Scan for this rule, due or not.",
)
@click.option(
    "--dry-run", is_flag=True, help="Send nothing and keep nothing but the credits spent."
)
@options.as_json
@options.quiet
def command(
    rules: Path,
    database: Path,
    names: tuple[str, ...],
    *,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Scan what is due (or named) now, print what fires, and send it.

    The exit code is 1 where a scan was not complete; with --quiet only that is said, and what could
    not be sent. To see what a new rule would tell:

    \b
      watcher once --rule beauty-rising --dry-run
    """
    configure("text", "warning")
    book = options.load_rules(rules)
    watches = _chosen(book, names)
    targets_of(book)  # a bad URL is said before a credit is spent
    with nullcontext() if dry_run else hold(database):
        report = RunReport(as_json, quiet, book.zone)
        once = _Once(book, database, dry_run=dry_run, clock=clock_of(database), report=report)
        good = asyncio.run(once.run(watches, forced=bool(names)))
        once.report.end(good=good)
    leave(0 if good else 1)


def _chosen(book: Rulebook, names: tuple[str, ...]) -> list[Watch]:
    if not names:
        return list(book.used_watches)
    watches = [chosen_rule(book, name).watch for name in names]
    return list({watch.key: watch for watch in watches}.values())


@dataclass(slots=True)
class _Once:
    """One run of the command, in the time that the database's daemon lives in."""

    book: Rulebook
    path: Path
    _: KW_ONLY
    dry_run: bool
    clock: Clock
    report: RunReport = field(default_factory=RunReport)
    told: list[Message] = field(default_factory=list)

    async def run(self, watches: list[Watch], *, forced: bool) -> bool:
        """Scan, print, send; True if every scan was complete."""
        store: DatabaseThread = Scratch(self.path) if self.dry_run else Writer(self.path)
        async with store, client_of(self.book) as client:
            now = self.clock.now()
            if not self.dry_run:  # else a daemon may run, and what is set aside is its own
                await store.run(lambda database: database.ledger.settle_all(CHECKPOINT))
            await store.run(lambda database: database.rules.sync(self.book.marks, now))
            scanner = Scanner(
                self.book,
                client,
                store,
                self.clock,
                report=self.told.append,
                budget=PaidBudget if self.dry_run else LedgerBudget,
            )
            due = watches if forced else await self._due(store, watches)
            good = True
            for watch in due:
                good = await self._scan(scanner, watch) and good
            await self._sweep(store)
            await self._deliver(store)
            return good

    async def _due(self, store: DatabaseThread, watches: list[Watch]) -> list[Watch]:
        now = self.clock.now()
        due = []
        for watch in watches:
            scans = await store.run(partial(_scans, watch))
            moment = plan.due_without_timers(watch.schedule, scans, now)
            if moment <= now:
                due.append(watch)
            else:
                self.report.later(watch.name, moment, now)
        return due

    async def _scan(self, scanner: Scanner, watch: Watch) -> bool:
        with progress(f"Reading {watch.name}", "requests", quiet=self.report.quiet) as report:
            outcome = await scanner.scan(
                watch, self.clock.now(), moved=_counting(report, watch.query.pages)
            )
        self.report.scanned(watch.name, outcome, self.told)
        self.told.clear()
        return outcome is not None and outcome.scan.state is ScanState.COMPLETE

    async def _sweep(self, store: DatabaseThread) -> None:
        """What was held at an earlier run and no longer is."""
        told = await store.run(self._sweep_once)
        rows = await store.run(lambda database: [database.outbox.get(row) for row in told])
        for row in rows:
            if row is not None:
                self.report.released(row)

    def _sweep_once(self, database: Store) -> list[int]:
        now = self.clock.now()
        note_credits(operator_of(database, self.book, now), self.book.api)
        return sweep(database, self.book, policies_of(self.book.channels), now)

    async def _deliver(self, store: DatabaseThread) -> None:
        if self.dry_run:
            return
        courier = Courier(
            store,
            targets_of(self.book),
            now=self.clock.now,
            ways=ways_of(self.book),
            keeper=Post(lambda: self.book, self.clock.now),
        )
        await courier.drain(_SEND_SECONDS)
        waiting = await store.run(lambda database: database.outbox.due_targets(self.clock.now()))
        for target, _, count in waiting:
            self.report.waits(target, count)


def _counting(report: Report, expected: int) -> Callable[[], None]:
    """Reports each request; there are more than expected where some are tried again."""
    requests = itertools.count(1)

    def moved() -> None:
        done = next(requests)
        report(done, max(done, expected))

    return moved


def _scans(watch: Watch, database: Store) -> list[ScanRow]:
    return database.history.scans(watch.key, limit=plan.LOOK_BACK)

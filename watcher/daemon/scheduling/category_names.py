"""Names of categories, read again now and then where rules use some: a name that changed or
vanished keeps its id, but who writes a rule wants today's. Nothing is asked before the probe found
the endpoint that has them, and never more than ``watcher check`` announces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from watcher.daemon.scheduling.budget import LedgerBudget
from watcher.daemon.scheduling.scanner import Scanner
from watcher.delivery.marking import StoreThread
from watcher.errors import SourceError
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.source.category_branches import Branch, around
from watcher.source.endpoints import CATEGORIES
from watcher.source.probing import Finding, judged
from watcher.store.ports import Store
from watcher.store.sql.siblings import Category, Probe
from watcher.units import DAY, HOUR

LEDGER = "categories"  # what its credits are booked on
_LOOK = HOUR  # between two looks whether it is time
_AGAIN = 7 * DAY  # after the source, or the caps, refused

log = structlog.get_logger("watcher.scan")


def keep_names(database: Store, finding: Finding, now: Instant) -> None:
    """Store the categories that an answer gave."""
    found = finding.categories
    database.categories.put(
        [Category(each.category_id, each.level, each.name, each.parent) for each in found], now
    )


def branches_of(database: Store, book: Rulebook) -> list[Branch]:
    """The branches of the categories that the rules name: these are read again."""
    ids = book.named_categories.values()
    return [*around(ids, database.categories.known())] if ids else []


@dataclass
class CategoryReader:
    """Reads the names of the rules' branches again, each ``api.category_names``."""

    scanner: Scanner
    writer: StoreThread
    moved: Callable[[], None] = lambda: None
    _next: Instant = 0

    async def turn(self) -> None:
        """Read them where it is time."""
        now, book = self.scanner.now(), self.scanner.book
        if not book.named_categories or not book.api.category_names:
            return
        if self._next - _AGAIN <= now < self._next:  # further ahead: the clock was set back
            return
        self._next = now + _LOOK
        due = await self.writer.run(lambda database: self._due(database, book, now))
        if due is not None:
            await self._read(*due)

    def _due(
        self, database: Store, book: Rulebook, now: Instant
    ) -> tuple[Probe, Sequence[Branch]] | None:
        probe = database.probes.found(CATEGORIES.name)
        if probe is None or probe.credential != book.api.credential:
            return None
        last = database.categories.last_read()
        if last is not None and last <= now < last + book.api.category_names:
            return None
        return probe, branches_of(database, book)

    async def _read(self, probe: Probe, branches: Sequence[Branch]) -> None:
        scanner = self.scanner
        budget = LedgerBudget(
            self.writer, scanner.clock, scanner.book.api, LEDGER, self.moved, tenure=scanner.tenure
        )
        cost = len(branches)
        if not await self.writer.run(lambda db: budget.begin(db, cost, scanner.now())):
            self._next = scanner.now() + _AGAIN
            log.warning("no names of categories: the cap on credits leaves none", credits=cost)
            return
        try:
            for branch in branches:
                await self._ask(branch, probe.path, budget)
            log.info("names of categories were read again", credits=cost)
        except SourceError as error:
            self._next = scanner.now() + _AGAIN
            log.warning("no names of categories", error=str(error))
        finally:
            await self.writer.run(budget.settle)
            budget.close()

    async def _ask(self, branch: Branch, path: str, budget: LedgerBudget) -> None:
        question = branch.question(path)
        body = await self.scanner.client.answer(CATEGORIES, question.params, budget, path)
        finding = judged(question, body)
        if not finding.works and branch.level == 1:
            raise SourceError(finding.words or finding.shown, status=finding.status)
        await self.writer.run(lambda db: keep_names(db, finding, self.scanner.now()))

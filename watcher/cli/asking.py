"""Requests to the source by a command, beside a daemon that may run: each is paid before it, and
what came of it is kept at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from watcher.cli import options
from watcher.daemon.scheduling.budget import PaidBudget
from watcher.daemon.scheduling.picture_source import hosts_of
from watcher.daemon.scheduling.scanner import client_of
from watcher.errors import BudgetSpent, WatcherError
from watcher.model import Instant
from watcher.source.probing import Finding, Question, ask, filled, unasked
from watcher.store.engine import DatabaseThread, open_store
from watcher.store.ports import Store

Keep: TypeAlias = Callable[[Store, Finding, Instant], None]


def refuse_without_key(files: options.Files) -> None:
    """Raise ``WatcherError`` where there is no key to ask with."""
    client_of(files.whole_book)


def ask_all(
    files: options.Files, ledger: str, questions: Sequence[Question], keep: Keep
) -> list[Finding]:
    """Ask each once; their credits are booked on ``ledger``. What the caps don't leave ends it."""
    return asyncio.run(_Asking(files, ledger, keep).run(questions))


@dataclass(frozen=True, slots=True)
class _Asking:
    files: options.Files
    ledger: str
    keep: Keep

    async def run(self, questions: Sequence[Question]) -> list[Finding]:
        place, book = self.files.database, self.files.whole_book
        clock = options.clock_of(place)
        store = DatabaseThread(lambda: open_store(place, create=False), "store-asking")
        found: list[Finding] = []
        owns = hosts_of(book.api).owns
        async with store, client_of(book) as client:
            budget = PaidBudget(store, clock, book.api, self.ledger)
            for each in questions:
                question = filled(each, found)
                if question.lacks:
                    found.append(unasked(question))
                    continue
                asked: Question | None = question
                while asked is not None:
                    try:
                        found.append(await ask(asked, client, budget, owns))
                    except BudgetSpent as error:
                        raise WatcherError(f"{question.endpoint.name}: {error}") from None
                    await store.run(lambda db: self.keep(db, found[-1], clock.now()))
                    asked = asked.next if found[-1].nothing_there else None
        return found

"""``watcher source categories``: names of the categories that are known by their ids."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import click

from watcher.cli import options
from watcher.cli.logs import configure
from watcher.cli.output import answer, as_json, console, json_wanted
from watcher.cli.probing import confirm
from watcher.daemon.clock import Clock
from watcher.daemon.scheduling.budget import PaidBudget
from watcher.daemon.scheduling.scanner import client_of
from watcher.errors import SourceError, WatcherError
from watcher.rules.rulebook import Rulebook
from watcher.source.endpoints import CATEGORIES
from watcher.source.probing import LANGUAGE, Question, ask
from watcher.store.engine import DatabaseThread, open_store
from watcher.store.places import Place
from watcher.store.ports import Store
from watcher.store.sql.siblings import Category, Probe
from watcher.units import count_of

LEDGER = "categories"  # what its credits are booked on


@dataclass(frozen=True, slots=True)
class _Branch:
    """Categories below ``parent`` ("" for those of level 1), some of which have no name yet."""

    parent: str
    level: int


@click.command("categories")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.files
@as_json
def categories(files: options.Files, *, yes: bool) -> None:
    """Read the names of the categories of products that are known, where they have none yet.

    One credit for the first level, and one for each category above some that have no name. They
    are shown beside the ids, on the page, in messages and by commands. Only where `watcher source
    probe` has found the endpoint.
    """
    configure("text", "warning")
    book, place = files.whole_book, files.database
    with files.open() as opened:
        probe = opened.probes.found(CATEGORIES.name)
        names, triples = opened.categories.names(), opened.history.categories()
    if probe is None:
        raise WatcherError(
            "the endpoint was not found to work: `watcher source probe --endpoint categories` asks"
        )
    branches = [*_branches(triples, names)]
    out = console(stderr=json_wanted())
    if branches:
        out.say(f"This asks {book.api.url}{probe.path} {count_of(len(branches), 'time')}, for 1 "
                "credit each.")  # fmt: skip
        if not yes:
            confirm(len(branches))
        asyncio.run(_Reading(book, place, options.clock_of(place)).run(probe, branches))
    with files.open() as opened:
        found = opened.categories.names()
    number = count_of(len(found), "category", "categories")
    said = f"{number} with a name, {len(found) - len(names)} new."
    answer(dict(found), lambda: console().say(said))


def _branches(
    triples: Sequence[tuple[str | None, ...]], names: Mapping[str, str]
) -> Iterator[_Branch]:
    """What to ask for: each branch once, the upper ones first."""
    if not names or any(_lacks(first, names) for first, *_ in triples):
        yield _Branch("", 1)
    for level in (2, 3):
        above = {each[level - 2] for each in triples if _lacks(each[level - 1], names)}
        for parent in sorted(each for each in above if each and each != "0"):
            yield _Branch(parent, level)


def _lacks(category: str | None, names: Mapping[str, str]) -> bool:
    return bool(category) and category != "0" and category not in names


@dataclass(frozen=True, slots=True)
class _Reading:
    """The requests, each paid before it, beside a daemon that may run."""

    book: Rulebook
    place: Place
    clock: Clock

    async def run(self, probe: Probe, branches: Sequence[_Branch]) -> None:
        """Ask for each branch, and keep its names at once."""
        store = DatabaseThread(lambda: open_store(self.place, create=False), "store-names")
        async with store, client_of(self.book) as client:
            budget = PaidBudget(store, self.clock, self.book.api, LEDGER)
            for branch in branches:
                parent = {"parent_id": branch.parent} if branch.parent else {}
                question = Question(CATEGORIES, probe.path, {"language": LANGUAGE, **parent})
                finding = await ask(question, client, budget)
                if finding.status != 200:
                    raise SourceError(finding.words, status=finding.status)
                found = [
                    Category(each.category_id, max(each.level, branch.level), each.name)
                    for each in finding.categories
                ]
                await store.run(partial(_keep, found, self.clock.now()))


def _keep(found: Sequence[Category], now: int, database: Store) -> None:
    with database.atomic():
        database.categories.put(found, now)

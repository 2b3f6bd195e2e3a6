"""The work of ``watcher run``: a database file or the books of a server, and by which rules."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from watcher.cli import options, rule_loading
from watcher.cli.category_lookup import lookup_in
from watcher.cli.page_rules import page_in
from watcher.cli.place_options import BOOK, all_books, book_completions
from watcher.daemon.clock import Clock, FastClock
from watcher.daemon.service import PushedBooks
from watcher.rules.rulebook import DEFAULT_URL
from watcher.store.places import Place, Server
from watcher.units import DAY

if TYPE_CHECKING:
    from watcher.page_text import PageText
    from watcher.rules.rulebook import Rulebook


@dataclass(frozen=True)
class Work:
    """The database, and the books in it whose rules are there, or else the rule files here."""

    rules: Path
    database: Place
    pushed: PushedBooks | None

    def market_clock(self) -> Clock:
        """The clock of the market at the API's URL, which the rules or KEYAPI_URL name."""
        from watcher.source.simulator.server import pace_of  # noqa: PLC0415 - not for each start

        url = os.environ.get("KEYAPI_URL", DEFAULT_URL)
        if self.pushed is None:
            names = lookup_in(self.database, lenient=True)
            page = page_in(self.database)
            url = rule_loading.load_rules(self.rules, categories=names, page=page).api.url
        pace = asyncio.run(pace_of(url))
        return FastClock(pace.now, speed=DAY / pace.day_seconds)


_books = click.option(
    "--book", "books", type=BOOK, multiple=True, metavar="NAME", envvar="WATCHER_BOOK",
    show_envvar=True, shell_complete=book_completions,
    help="Run this book, or these, by the rules that were pushed to them.",
)  # fmt: skip


def work_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--rules``, ``--db``, ``--book`` and ``--all-books``: the command takes them as ``work``."""

    @wraps(command)
    def with_work(
        *, rules: Path, database: Place, books: tuple[str, ...], all_books: bool, **more: object
    ) -> None:
        pushed = _pushed(database, books, every=all_books)
        command(work=Work(rules, database, pushed), **more)

    return options.rules(options.place(_books(all_books(with_work))))


def _pushed(database: Place, books: tuple[str, ...], *, every: bool) -> PushedBooks | None:
    """The books whose rules are on the server; None for the files that are here."""
    source = click.get_current_context().get_parameter_source
    if not isinstance(database, Server):
        if every or (books and source("books") is ParameterSource.COMMANDLINE):
            flag = "--all-books" if every else "--book"
            raise click.UsageError(
                f"{flag}: {database} is a file, which has no books; name a server by --db "
                "postgresql://USER@HOST/NAME (or WATCHER_DB)"
            )
        return None
    if not every and not books:
        return None
    if source("rules") is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "--rules is for the book main by files that are here; the rules of --book and "
            "--all-books are those that `watcher rules push` has put on the server"
        )
    load, draft = (partial(each, database.url) for each in (_load_pushed, _load_draft))
    return PushedBooks(None if every else tuple(dict.fromkeys(books)), load, draft)


def _load_pushed(url: str, book: str, files: Mapping[str, bytes]) -> Rulebook:
    """The rules of a book with those of its page; raises ``StoreError`` where it can't tell."""
    return _load(url, book, files, page_in(Server(url, book), needed=True))


def _load_draft(url: str, book: str, files: Mapping[str, bytes], page: PageText) -> Rulebook:
    """The rules as they would be with another text of the page."""
    return _load(url, book, files, page, strict=True)


def _load(
    url: str, book: str, files: Mapping[str, bytes], page: PageText, *, strict: bool = False
) -> Rulebook:
    from watcher.rules.files.pushed import load_pushed  # noqa: PLC0415 - not without a server

    names = lambda: lookup_in(Server(url, book))  # noqa: E731
    rules = load_pushed(book, files, os.environ, names, page, strict=strict)
    rule_loading.learn_secrets(rules)
    return rules

"""``watcher run``: the daemon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click
import structlog
from click.core import ParameterSource

from watcher.cli import options
from watcher.cli.logs import Style, configure
from watcher.cli.place_options import BOOK, all_books, book_completions
from watcher.cli.streams import leave
from watcher.daemon.clock import Clock, FastClock, SystemClock
from watcher.daemon.service import PushedBooks, Service
from watcher.daemon.supervision.loop_lag import LoopLag
from watcher.daemon.supervision.memory import keep_together
from watcher.daemon.supervision.systemd import Systemd
from watcher.errors import WatcherError
from watcher.rules.rulebook import DEFAULT_URL
from watcher.store.engine import wide
from watcher.store.places import Place, Server
from watcher.units import DAY
from watcher.web.address import parse_page_url, read_token

if TYPE_CHECKING:
    from watcher.rules.rulebook import Rulebook

_READERS = {
    "everyone": "the database could be read by everyone; only its owner can now",
    "its group": "its group can read the database (chmod 600 ends it)",
}
log = structlog.get_logger("watcher.cli")


@dataclass(frozen=True)
class Work:
    """The database, and the books in it whose rules are there, or else the rule files here."""

    rules: Path
    database: Place
    pushed: PushedBooks | None


_books = click.option(
    "--book", "books", type=BOOK, multiple=True, metavar="NAME", envvar="WATCHER_BOOK",
    show_envvar=True, shell_complete=book_completions,
    help="Run this book, or these, by the rules that were pushed to them.",
)  # fmt: skip


def _work(command: Callable[..., None]) -> Callable[..., None]:
    """``--rules``, ``--db``, ``--book`` and ``--all-books``: the command takes them as ``work``."""

    @wraps(command)
    def with_work(
        *, rules: Path, database: Place, books: tuple[str, ...], all_books: bool, **more: object
    ) -> None:
        pushed = _pushed(database, books, every=all_books)
        command(work=Work(rules, database, pushed), **more)

    return options.rules(options.place(_books(all_books(with_work))))


@click.command()
@_work
@options.listen
@options.web_token_file
@options.page_url
@click.option("--market-clock", is_flag=True, help="Live by the simulated market's clock.")
@options.log_format
@options.log_level
def command(
    *,
    work: Work,
    listen: str,
    web_token_file: Path | None,
    page_url: str | None,
    market_clock: bool,
    log_format: Style,
    log_level: str,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reads the rules anew.

    On a server several daemons share the books: each book is one daemon's at a time, and another
    takes it over where that one ends. Without --book and --all-books it is the book main, by the
    rule files that are here.

    \b
      watcher run --db postgresql://watcher@db.example.com/watcher --all-books
    """
    keep_together()
    configure(log_format, log_level)
    # By an older version, or somebody's hand.
    if not isinstance(work.database, Server) and (who := wide(work.database)):
        log.warning(_READERS[who], file=str(work.database))
    lag = LoopLag()
    service = Service(
        rules=work.rules,
        database=work.database,
        listen=None if listen == "off" else listen,
        load=lambda: options.load_rules(work.rules),
        clock=_market_clock(work) if market_clock else SystemClock(),
        token=read_token(web_token_file) if web_token_file is not None else "",
        page_url=parse_page_url(page_url) if page_url is not None else None,
        systemd=Systemd.of(os.environ),
        instruments=lag.instruments,
        pushed=work.pushed,
    )
    try:
        with asyncio.Runner(loop_factory=lag.loop) as runner:
            runner.run(service.run())
            if isinstance(work.database, Server):  # threads may hang in a dead connection, too
                leave(0)
    except (SystemExit, asyncio.CancelledError) as error:
        # Of nobody's asking, from whatever depth of a library: to be started anew.
        raise WatcherError(f"the daemon was ended from within ({type(error).__name__})") from error
    # Apprise's threads may still hang in a dead service: Python would wait for them.
    leave(0)


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
    return PushedBooks(None if every else tuple(dict.fromkeys(books)), _load_pushed)


def _load_pushed(book: str, files: Mapping[str, bytes]) -> Rulebook:
    from watcher.rules.files.pushed import load_pushed  # noqa: PLC0415 - not without a server

    rules = load_pushed(book, files, os.environ)
    options.learn_secrets(rules)
    return rules


def _market_clock(work: Work) -> Clock:
    """The clock of the market at the API's URL, which the rules or KEYAPI_URL name."""
    from watcher.source.simulator.server import pace_of  # noqa: PLC0415 - not for each start

    url = os.environ.get("KEYAPI_URL", DEFAULT_URL)
    if work.pushed is None:
        url = options.load_rules(work.rules).api.url
    pace = asyncio.run(pace_of(url))
    return FastClock(pace.now, speed=DAY / pace.day_seconds)

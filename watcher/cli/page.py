"""``watcher page``: the page of the books on a server, without a daemon."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click
import structlog

from watcher.cli import options
from watcher.cli.logs import Style, configure
from watcher.cli.place_options import BOOK, all_books, book_completions
from watcher.daemon.clock import book_clock
from watcher.daemon.supervision.signals import signals
from watcher.daemon.supervision.systemd import Systemd
from watcher.store.places import Place, Server
from watcher.web.address import PageUrl, parse_page_url, read_token
from watcher.web.app import Site
from watcher.web.server_books import ServerBooks

log = structlog.get_logger("watcher.cli")


@click.command()
@options.place
@click.option(
    "--book", "books", type=BOOK, multiple=True, metavar="NAME", envvar="WATCHER_BOOK",
    show_envvar=True, shell_complete=book_completions, help="Only this book, or these.",
)  # fmt: skip
@all_books
@options.listen
@options.web_token_file
@options.page_url
@options.log_format
@options.log_level
def command(
    *,
    database: Place,
    books: tuple[str, ...],
    all_books: bool,
    listen: str,
    web_token_file: Path | None,
    page_url: str | None,
    log_format: Style,
    log_level: str,
) -> None:
    """Serve the page of all books on a server, or of some, until SIGTERM or Ctrl-C.

    No daemon is needed here, nor their secrets. From a replica of the database it shows the same,
    and nothing can be changed.

    \b
      watcher page --db postgresql://watcher@replica.example.com/watcher
    """
    if not isinstance(database, Server):
        raise click.UsageError(
            f"{database} is a file, whose page `watcher run` serves; name a server by --db "
            "postgresql://USER@HOST/NAME (or WATCHER_DB)"
        )
    if listen == "off":
        raise click.UsageError("--listen off leaves nothing to do")
    configure(log_format, log_level)
    shown = ServerBooks(
        database.url,
        only=None if all_books else books or None,
        clock=lambda control, book: book_clock(control, book).now,
    )
    token = read_token(web_token_file) if web_token_file is not None else ""
    url = parse_page_url(page_url) if page_url is not None else None
    asyncio.run(_serve(shown, listen, token, url))


async def _serve(shown: ServerBooks, listen: str, token: str, page_url: PageUrl | None) -> None:
    """Until a signal."""
    stop, systemd = asyncio.Event(), Systemd.of(os.environ)
    with signals(stop, lambda: None):
        site = Site(shown, listen, token, page_url)
        try:
            await shown.start()
            await site.start()
            log.info("the page is served", page=site.url)
            systemd.ready(f"the page is at {site.url}")
            await stop.wait()
            systemd.stopping()
        finally:
            await site.stop()
            await shown.aclose()

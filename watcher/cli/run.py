"""``watcher run``: the daemon."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click
import structlog

from watcher.cli import options, rule_loading
from watcher.cli.logs import Style, configure
from watcher.cli.run_work import Work, work_options
from watcher.cli.streams import leave
from watcher.daemon.clock import SystemClock
from watcher.daemon.service import Service
from watcher.daemon.supervision.loop_lag import LoopLag
from watcher.daemon.supervision.memory import keep_together
from watcher.daemon.supervision.systemd import Systemd
from watcher.errors import WatcherError
from watcher.store.engine import wide
from watcher.store.places import Server
from watcher.web.address import parse_page_url, read_token

_READERS = {
    "everyone": "the database could be read by everyone; only its owner can now",
    "its group": "its group can read the database (chmod 600 ends it)",
}
log = structlog.get_logger("watcher.cli")


@click.command()
@work_options
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
    loader = rule_loading.keeping_loader(work.rules, work.database, page_needed=True)
    service = Service(
        rules=work.rules,
        database=work.database,
        listen=None if listen == "off" else listen,
        load=loader,
        clock=work.market_clock() if market_clock else SystemClock(),
        token=read_token(web_token_file) if web_token_file is not None else "",
        page_url=parse_page_url(page_url) if page_url is not None else None,
        systemd=Systemd.of(os.environ),
        instruments=lag.instruments,
        pushed=work.pushed,
        draft=loader.draft,
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

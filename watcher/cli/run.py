"""``watcher run``: the daemon."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click
import structlog

from watcher.cli import options
from watcher.cli.listening import listen_option, page_url_option, token_option
from watcher.cli.logs import Style, configure
from watcher.cli.streams import leave
from watcher.daemon.clock import Clock, FastClock, SystemClock
from watcher.daemon.service import Service
from watcher.daemon.supervision.loop_lag import LoopLag
from watcher.daemon.supervision.memory import keep_together
from watcher.daemon.supervision.systemd import Systemd
from watcher.errors import WatcherError
from watcher.store.engine import wide
from watcher.units import DAY
from watcher.web.address import parse_page_url, read_token

log = structlog.get_logger("watcher.cli")


@click.command()
@options.rules
@options.database
@listen_option
@token_option
@page_url_option
@click.option(
    "--market-clock",
    is_flag=True,
    help="Live by the clock of the simulated market that is read.",
)
@options.logging
def command(
    *,
    rules: Path,
    database: Path,
    listen: str,
    web_token_file: Path | None,
    page_url: str | None,
    market_clock: bool,
    log_format: Style,
    log_level: str,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reads the rules anew."""
    keep_together()
    configure(log_format, log_level)
    _say_who_reads(database)
    lag = LoopLag()
    service = Service(
        rules=rules,
        database=database,
        listen=None if listen == "off" else listen,
        load=lambda: options.load_rules(rules),
        clock=_market_clock(rules) if market_clock else SystemClock(),
        token=read_token(web_token_file) if web_token_file is not None else "",
        page_url=parse_page_url(page_url) if page_url is not None else None,
        systemd=Systemd.of(os.environ),
        instruments=lag.instruments,
    )
    try:
        with asyncio.Runner(loop_factory=lag.loop) as runner:
            runner.run(service.run())
    except (SystemExit, asyncio.CancelledError) as error:
        # Of nobody's asking, from whatever depth of a library: to be started anew.
        raise WatcherError(f"the daemon was ended from within ({type(error).__name__})") from error
    # Apprise's threads may still hang in a dead service: Python would wait for them.
    leave(0)


def _say_who_reads(database: Path) -> None:
    """Where an older version, or somebody, lets others read the database."""
    who = wide(database)
    if who == "everyone":
        log.warning(
            "the database could be read by everyone; only its owner can now",
            file=str(database),
        )
    elif who:
        log.warning("its group can read the database (chmod 600 ends it)", file=str(database))


def _market_clock(rules: Path) -> Clock:
    from watcher.source.simulator.asking import pace_of  # noqa: PLC0415 - not for each start

    pace = asyncio.run(pace_of(options.load_rules(rules).api.url))
    return FastClock(pace.now, speed=DAY / pace.day_seconds)

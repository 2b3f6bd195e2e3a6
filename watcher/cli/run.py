"""``watcher run``: the daemon."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click
import structlog

from watcher.cli import options
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

_READERS = {
    "everyone": "the database could be read by everyone; only its owner can now",
    "its group": "its group can read the database (chmod 600 ends it)",
}
_LEVELS = ("debug", "info", "warning", "error")
log = structlog.get_logger("watcher.cli")


@click.command()
@options.files
@options.listen
@options.web_token_file
@options.variable(
    "--page-url", metavar="URL", help="Where visitors find the page, if a proxy stands before it."
)
@click.option("--market-clock", is_flag=True, help="Live by the simulated market's clock.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="Texts, or JSON."
)
@click.option("--log-level", type=click.Choice(_LEVELS), default="info", help="The least logged.")
def command(
    *,
    files: options.Files,
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
    if who := wide(files.database):  # by an older version, or somebody's hand
        log.warning(_READERS[who], file=str(files.database))
    lag = LoopLag()
    service = Service(
        rules=files.rules,
        database=files.database,
        listen=None if listen == "off" else listen,
        load=lambda: options.load_rules(files.rules),
        clock=_market_clock(files) if market_clock else SystemClock(),
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


def _market_clock(files: options.Files) -> Clock:
    from watcher.source.simulator.server import pace_of  # noqa: PLC0415 - not for each start

    pace = asyncio.run(pace_of(files.book.api.url))
    return FastClock(pace.now, speed=DAY / pace.day_seconds)

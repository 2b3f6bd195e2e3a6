"""``watcher run``: the daemon."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from watcher.cli.listening import listen_option, token_option
from watcher.cli.logs import Style, configure
from watcher.cli.options import database_option, load_rules, log_options, rules_option
from watcher.daemon.clock import Clock, FastClock, SystemClock
from watcher.daemon.holds import Holds
from watcher.daemon.manager import Manager
from watcher.daemon.memory import keep_together
from watcher.daemon.service import Service
from watcher.units import DAY
from watcher.web.address import read_token


@click.command()
@rules_option
@database_option
@listen_option
@token_option
@click.option(
    "--market-clock",
    is_flag=True,
    help="Live by the clock of the simulated market that is read.",
)
@log_options
def command(
    *,
    rules: Path,
    database: Path,
    listen: str,
    web_token_file: Path | None,
    market_clock: bool,
    log_format: Style,
    log_level: str,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reads the rules anew."""
    keep_together()
    configure(log_format, log_level)
    holds = Holds()
    service = Service(
        rules=rules,
        database=database,
        listen=None if listen == "off" else listen,
        load=lambda: load_rules(rules),
        clock=_clock_of_market(load_rules(rules).api.url) if market_clock else SystemClock(),
        token=read_token(web_token_file) if web_token_file is not None else "",
        manager=Manager.of(os.environ),
        instruments=holds.instruments,
    )
    with asyncio.Runner(loop_factory=holds.loop) as runner:
        runner.run(service.run())
    # Apprise's threads may still hang in a dead service: Python would wait for them.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _clock_of_market(url: str) -> Clock:
    from watcher.keyapi.simulator.asking import pace_of  # noqa: PLC0415 - not for each start

    pace = asyncio.run(pace_of(url))
    return FastClock(pace.now, speed=DAY / pace.day_seconds)

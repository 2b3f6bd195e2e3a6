"""``watcher run``: the daemon."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click
import structlog

from watcher.cli.listening import listen_option, token_option
from watcher.cli.logs import Style, configure
from watcher.cli.options import database_option, load_rules, log_options, rules_option
from watcher.cli.streams import leave
from watcher.daemon.clock import SystemClock
from watcher.daemon.holds import Holds
from watcher.daemon.manager import Manager
from watcher.daemon.service import Service
from watcher.store.rights import wide
from watcher.web.address import read_token

log = structlog.get_logger("watcher.cli")


@click.command()
@rules_option
@database_option
@listen_option
@token_option
@log_options
def command(
    *,
    rules: Path,
    database: Path,
    listen: str,
    web_token_file: Path | None,
    log_format: Style,
    log_level: str,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reads the rules anew."""
    configure(log_format, log_level)
    _say_who_reads(database)
    holds = Holds()
    service = Service(
        rules=rules,
        database=database,
        listen=None if listen == "off" else listen,
        load=lambda: load_rules(rules),
        clock=SystemClock(),
        token=read_token(web_token_file) if web_token_file is not None else "",
        manager=Manager.of(os.environ),
        instruments=holds.instruments,
    )
    with asyncio.Runner(loop_factory=holds.loop) as runner:
        runner.run(service.run())
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

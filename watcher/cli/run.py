"""``watcher run``: the daemon."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from watcher.cli.logs import Style, configure
from watcher.cli.options import database_option, load_rules, log_options, rules_option
from watcher.daemon.clock import SystemClock
from watcher.daemon.service import Service


@click.command()
@rules_option
@database_option
@click.option(
    "--listen",
    envvar="WATCHER_LISTEN",
    default="127.0.0.1:8787",
    show_default=True,
    show_envvar=True,
    help="Address of the web page, or off.",
)
@log_options
def command(rules: Path, database: Path, listen: str, log_format: Style, log_level: str) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reads the rules anew."""
    configure(log_format, log_level)
    service = Service(
        rules=rules,
        database=database,
        listen=None if listen == "off" else listen,
        load=lambda: load_rules(rules),
        clock=SystemClock(),
    )
    asyncio.run(service.run())
    # Apprise's threads may still hang in a dead service: Python would wait for them.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)

"""``watcher demo``: the whole daemon on a simulated market, in the terminal."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from watcher import network
from watcher.cli import options, rule_loading
from watcher.cli.logs import configure
from watcher.cli.output import console
from watcher.cli.progress import progress
from watcher.cli.streams import leave, unread
from watcher.demo import Demo, Listener, Settings
from watcher.model import Instant
from watcher.source.simulator import PRESETS
from watcher.units import at

_MARKETS = (
    "How it moves. real: as real sales; flat: what is told is noise; stormy: the worst case; "
    "sparse: a part is looked at each day; smooth: slow waves."
)
_COLOURS = {"warning": "yellow", "failure": "red", "success": "green"}


@click.command()
@click.option("--seed", type=click.IntRange(0), default=7, help="Another one is another market.")
@click.option(
    "--products", type=click.IntRange(100, 200_000), default=5_000, help="How many the market has."
)
@click.option("--market", type=click.Choice([*PRESETS]), default="real", help=_MARKETS)
@click.option("--days", type=click.IntRange(1, 365), default=30, help="Days of past.")
@click.option(
    "--day-seconds", type=click.FloatRange(min=1), default=10.0, help="How long a day takes."
)
@click.option("--listen", default="127.0.0.1:8787", help="The web page, or off.")
@click.option(
    "--keep", metavar="FOLDER", type=options.PATH,
    help="Leave its rules.yaml and watcher.db in this new folder, to try rules on.",
)  # fmt: skip
@click.option("--for", "seconds", type=click.FloatRange(min=0), help="End after so many seconds.")
def command(*, days: int, listen: str, **wanted: Any) -> None:
    """Run the whole daemon on a simulated market: no key, no account, no network."""
    configure("text", "warning")
    address = None if listen == "off" else listen
    settings = Settings(now=int(time.time()), days=days, listen=address, **wanted)
    network.bypass_loopback(os.environ)  # the market and the inbox are here
    # A service manager's stop cleans up as Ctrl-C does, also before the daemon listens to signals.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as bar:
        screen = _Screen(days, bar)
        listener = Listener(screen.past, screen.ready, screen.message, screen.day, unread)
        demo = Demo(settings, listener, rule_loading.load_rules, rule_loading.keeping_loader)
        asyncio.run(demo.run())
    leave(0)


class _Screen:
    """The demo as the terminal shows it."""

    def __init__(self, days: int, bar: ExitStack) -> None:
        self._out, self._days, self._bar = console(), days, bar
        self._out.say(f"A simulated market: its last {days} days, then a day every few seconds.")
        self.past = bar.enter_context(progress("Playing the simulated past", "days"))
        self.past(0, days)

    def ready(self, rules: Path, database: Path, page: str | None) -> None:
        self._bar.close()
        self._out.say(f"{self._days} days of past are in {database}.")
        if page is not None:
            self._out.say(f"Web page:  {page}")
        self._out.say(
            "Try in another terminal, while this runs:\n"
            f"  export WATCHER_RULES={rules} WATCHER_DB={database}\n"
            f"  {own_command()} status        (alerts, explain, backtest ... as well)\n"
            '  "$EDITOR" "$WATCHER_RULES"   (read anew when you save it)\n'
            f"Ctrl-C ends the demo. With your own key: {own_command()} init\n"
        )

    def day(self, midnight: Instant) -> None:
        self._out.say(f"-- {at(midnight):%a %-d %b %Y} --", "dim")

    def message(self, message: Mapping[str, str]) -> None:
        colour = _COLOURS.get(message.get("type", ""), "cyan")
        self._out.say(message.get("title", ""), f"bold {colour}")
        self._out.say(f"{message.get('message', '')}\n")


def own_command() -> str:
    """The call of this command, so that the advice works as it stands."""
    if shutil.which("watcher"):
        return "watcher"
    called = Path(sys.argv[0])
    return f"{sys.executable} -m watcher" if called.name == "__main__.py" else str(called)

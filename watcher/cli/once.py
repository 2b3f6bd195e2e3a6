"""``watcher once``: one scan of what is due (or named) now, without a daemon."""

from __future__ import annotations

import asyncio
import os
from contextlib import nullcontext

import click

from watcher.cli import options
from watcher.cli.completion import rule_names
from watcher.cli.logs import configure
from watcher.cli.lookup import chosen
from watcher.cli.output import as_json, json_wanted, prints
from watcher.cli.run_report import PrintedRun, RunReport
from watcher.cli.single_run import SingleRun
from watcher.cli.streams import leave
from watcher.daemon.connections import targets_of, ways_of
from watcher.daemon.scheduling.picture_cache import PictureCache, cache_folder
from watcher.errors import WatcherError
from watcher.rules.rulebook import Rule
from watcher.store.engine import Scratch, Writer, hold


@click.command()
@options.files
@options.several("--rule", "names", rule_names, "Scan for this rule, due or not.", "NAME")
@click.option("--dry-run", is_flag=True, help="Send nothing, keep nothing but the credits spent.")
@as_json
@prints(PrintedRun)
@options.quiet
def command(files: options.Files, names: tuple[str, ...], *, dry_run: bool, quiet: bool) -> None:
    """Scan what is due (or named) now, print what fires, and send it.

    The exit code is 1 where a scan was not complete. To see what a new rule would tell:

    \b
      watcher once --rule beauty-rising --dry-run
    """
    configure("text", "warning")
    book = files.running_book
    named = [
        watch for name in names for watch in _enabled(chosen("rule", name, book.rules)).watches
    ]
    watches = list({watch.key: watch for watch in named or book.used_watches}.values())
    targets_of(book)  # a bad URL is said before a credit is spent
    with nullcontext() if dry_run else hold(files.database) as lease:
        report = RunReport(json_wanted(), quiet, book.zone, ways_of(book))
        clock = options.clock_of(files.database)
        place = files.database
        store = Scratch(place) if dry_run else Writer(place, lease)
        cache = PictureCache(cache_folder(place, os.environ))
        run = SingleRun(book, store, dry_run=dry_run, clock=clock, cache=cache, report=report)
        good = asyncio.run(run.run(watches, forced=bool(names)))
        report.end(good=good)
    leave(0 if good else 1)


def _enabled(rule: Rule) -> Rule:
    """The rule; raises ``WatcherError`` where no scan would be judged by it."""
    if not rule.enabled:
        raise WatcherError(
            f'rule "{rule.name}" has enabled: false, so nothing is read for it; '
            f"`watcher backtest {rule.name}` tries it on what is stored"
        )
    return rule

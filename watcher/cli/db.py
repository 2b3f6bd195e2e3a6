"""``watcher db``: the database file, looked after beside a running daemon."""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from pathlib import Path

import click

from watcher.cli import options
from watcher.cli.db_copy import copy
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.cli.progress import progress
from watcher.cli.writing import audited
from watcher.model import Instant
from watcher.people import WriteKind
from watcher.store.copying.between import copy_store
from watcher.store.engine import restore
from watcher.store.places import Place, Server
from watcher.store.records import Stats
from watcher.units import format_bytes, format_duration, format_since

_MB = 1_000_000
_SHORTEST_PAUSE = 0.002  # seconds between two steps, for others to write


class PrintedStats(Printed, frozen=True, kw_only=True):
    """Sizes in bytes and counts; ``damage`` is null where it was not looked for."""

    database: str
    bytes: int
    wal: int
    free: int
    products: int
    observations: int
    scans: int
    alerts: int
    notifications: int
    oldest: Instant | None
    newest: Instant | None
    disk_free: int | None
    damage: tuple[str, ...] | None


@click.group()
def command() -> None:
    """Back up, prune or measure the database, beside a running daemon; restore it, without one."""


command.add_command(copy)


@command.command("backup")
@options.database
@click.argument("file", type=options.PATH)
@options.quiet
def backup(database: Place, file: Path, *, quiet: bool) -> None:
    """Write a checked copy of the database to FILE; an older backup there is replaced.

    Of a book on a server FILE is a SQLite database, compared with the book: `db restore` and
    `db copy` take it to any place. It has no rules that were pushed, and no other book: whole
    servers are backed up by pg_dump or pg_basebackup."""
    with options.open_to_read(database) as opened, progress("Copying", "MB", quiet=quiet) as report:
        size = opened.upkeep.backup(
            file, lambda done, total: report(done // _MB, max(total, _MB) // _MB)
        )
    if not quiet:
        console().say(f"{file}: {format_bytes(size)}, checked.")


@command.command("restore")
@options.database
@click.argument("file", type=options.PATH)
def restore_(database: Place, file: Path) -> None:
    """Put a copy of FILE, a backup, in the place of the database; stop the daemon first.

    FILE is checked first. The database that was there is kept beside it under a name that is said;
    a book on a server must be new or empty. Messages that waited when the backup was made are sent
    again: see watcher outbox list."""
    out, now = console(), int(time.time())
    if isinstance(database, Server):
        rows = sum(each.rows for each in copy_store(file, database, now))
        out.say(f"{database}: restored from {file}: {rows:,} rows, compared.")
        return
    done = restore(file, database, now)
    out.say(f"{database}: restored from {file}: {format_bytes(done.bytes)}, checked.")
    if done.kept:
        out.say(f"What was there is kept: {', '.join(str(path) for path in done.kept)}")


@command.command("prune")
@options.files
@options.quiet
def prune(files: options.Files, *, quiet: bool) -> None:
    """Remove now what the rule file's keep: no longer wants; the daemon does so daily."""
    keep, now = files.book.keep, files.now
    removed: Counter[str] = Counter()
    given_back, more = 0, True
    with (
        options.open_to_write(files.database) as opened,
        progress("Pruning", "rows", quiet=quiet) as report,
    ):
        try:
            while more:
                step = opened.pruner.step(now - keep.observations, now - keep.notifications)
                removed[step.kind] += step.rows
                given_back += step.given_back
                more = step.more
                report(removed.total(), None)
                # Others have twice as long to write as the step took.
                time.sleep(max(2 * step.seconds, _SHORTEST_PAUSE))
            removed["links"] += opened.links.prune(now)
            while pruned := opened.audit.prune(now):
                removed["records of writes"] += pruned
        finally:  # what went is noted, also where it was stopped half-way
            if +removed:
                audited(opened, now).note(WriteKind.PRUNE, "", {"rows": dict(+removed)})
    if not quiet:
        what = ", ".join(f"{rows:,} {kind}" for kind, rows in (+removed).items())
        console().say(
            f"Removed {what or 'nothing'}: older than {format_duration(keep.observations)} "
            f"(notifications {format_duration(keep.notifications)}). "
            f"Given back to the disk: {format_bytes(given_back)}."
        )


@command.command("stats")
@options.database
@click.option("--check", is_flag=True, help="Read all of it and look for damage (exit 1).")
@as_json
@prints(PrintedStats)
def stats(database: Place, *, check: bool) -> None:
    """Show sizes, what is stored since when, and the free space."""
    now = options.now_of(database)
    with options.open_to_read(database) as opened:
        figures = opened.upkeep.stats()
        damage = opened.upkeep.check() if check else None
    disk_free = None if isinstance(database, Server) else _disk_free(database)
    found = PrintedStats.of(figures, database=str(database), disk_free=disk_free, damage=damage)
    answer(found, lambda: _show(figures, disk_free, damage, now))
    sys.exit(1 if damage else 0)


def _disk_free(database: Path) -> int:
    return shutil.disk_usage(database.absolute().parent).free


def _show(figures: Stats, disk_free: int | None, damage: tuple[str, ...] | None, now: int) -> None:
    since = "none yet"
    if figures.oldest is not None and figures.newest is not None:
        since = f"{format_since(figures.oldest, now)} to {format_since(figures.newest, now)}"
    rows: list[tuple[str, str | int]] = [
        ("File", format_bytes(figures.bytes)),
        ("Log beside it", format_bytes(figures.wal)),
        ("Free inside", format_bytes(figures.free)),
        *([("Free on the disk", format_bytes(disk_free))] if disk_free is not None else []),
        ("Products", figures.products),
        ("Observations", figures.observations),
        ("Scans", figures.scans),
        ("Scans from", since),
        ("Alerts", figures.alerts),
        ("Notifications", figures.notifications),
    ]
    if damage is not None:
        rows.append(("Check", "; ".join(damage) or "sound"))
    console().table(("What", "How much"), rows, texts=("How much",))

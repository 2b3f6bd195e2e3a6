"""``watcher db copy``: a store carried over to another place."""

from __future__ import annotations

import time
from functools import partial

import click

from watcher.cli import options
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.cli.place_options import BOOK, PLACE, of_book
from watcher.cli.progress import progress
from watcher.store.copying.between import copy_store
from watcher.store.copying.copier import Counted
from watcher.store.places import MAIN, Place

_book = partial(click.option, type=BOOK, default=MAIN, metavar="NAME")


class PrintedCopy(Printed, frozen=True, kw_only=True):
    """The tables that were copied, and compared."""

    rows: int
    tables: list[Counted]


@click.command("copy")
@click.argument("source", metavar="FROM", type=PLACE)
@click.argument("target", metavar="TO", type=PLACE)
@_book("--from-book", help="The book, where FROM is a server.")
@_book("--to-book", help="The book, where TO is a server.")
@as_json
@prints(PrintedCopy)
@options.quiet
def copy(source: Place, target: Place, from_book: str, to_book: str, *, quiet: bool) -> None:
    """Copy all that is stored FROM one place TO another: files, or books on a server.

    A place is a database file or postgresql://USER@HOST/DATABASE. Both engines take all of it:
    history, alerts, messages that wait, credits, ids. Stop the daemon of either place first; start
    it on the new place afterwards: nothing is told twice, and nothing less. (Pushed rules are not
    copied: push them for the new book.) TO must be new or empty; a server's book is made.

    Killed, it goes on where it was when started again. At the end both are read and compared, table
    by table: rows and a checksum. A SQLite source of an older version is migrated first, and kept
    beside as it was.

    \b
      watcher db copy watcher.db postgresql://watcher@db.example.com/watcher
      watcher db copy postgresql://watcher@db/watcher saved.db --from-book ann
    """
    out = console(stderr=True)
    with progress("Copying and comparing", "rows", quiet=quiet) as report:
        found = copy_store(
            of_book(source, from_book),
            of_book(target, to_book),
            int(time.time()),
            report,
            out.say,
        )
    if quiet:
        return
    rows = [(each.table, each.rows, each.checksum) for each in found]
    total = sum(each.rows for each in found)

    def show() -> None:
        table = console()
        table.table(("Table", "Rows", "Checksum"), rows, texts=("Checksum",))
        table.say(f"{total:,} rows copied; both are the same in rows and checksums.")

    answer(PrintedCopy(rows=total, tables=[*found]), show)

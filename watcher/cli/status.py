"""``watcher status``: watches, rules, credits and the queue, read beside a running daemon."""

from __future__ import annotations

from collections.abc import Mapping

import click

from watcher.analysis.overview import (
    Credits,
    RefreshStatus,
    RuleStatus,
    Trouble,
    WatchStatus,
    overview,
)
from watcher.analysis.reports.due import ReportStatus
from watcher.cli import options
from watcher.cli.fleet_tables import show_fleet
from watcher.cli.options import Asked
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.cli.pictures import PicturesState, pictures_line, pictures_state
from watcher.cli.servers import control_of
from watcher.cli.status_tables import show
from watcher.model import Instant
from watcher.notification.deferral import Waiting
from watcher.store.places import Server
from watcher.web.fleet import PrintedFleet, fleet_json, read_fleet


class PrintedFleetAlone(Printed, frozen=True, kw_only=True):
    """A server's daemons and books, where no book is asked for."""

    fleet: PrintedFleet


class PrintedStatus(Printed, frozen=True, kw_only=True):
    """The overview, and whether there are pictures of products."""

    now: Instant
    watches: tuple[WatchStatus, ...]
    rules: tuple[RuleStatus, ...]
    credits: Credits
    queue: Mapping[str, int]
    troubles: tuple[Trouble, ...]
    waiting: tuple[Waiting, ...]
    refreshes: tuple[RefreshStatus, ...]
    reports: tuple[ReportStatus, ...]
    pictures: PicturesState


class PrintedBookStatus(PrintedStatus, frozen=True, kw_only=True):
    """The status of a book, as that of a file, and of the server that it is on."""

    book: str
    fleet: PrintedFleet


@click.command()
@options.files
@as_json
@prints(PrintedStatus, PrintedBookStatus, PrintedFleetAlone)
def command(files: options.Files) -> None:
    """Show watches (last scan, next, health), rules, credits and the queue; on a server its
    daemons, books and leases before them."""
    if isinstance(files.database, Server):
        _status_on(files, files.database)
        return
    book = files.book
    with files.open() as opened:
        state = overview(opened, book, files.now)
        pictures = pictures_state(opened, book, files.database)
    found = PrintedStatus.of(state, pictures=pictures)

    def shown() -> None:
        show(state, book.zone)
        console().say(pictures_line(pictures))

    answer(found, shown)


def _status_on(files: options.Files, place: Server) -> None:
    """Say all of a server's books, and more of the one that is named, or of ``main`` where that has
    been used."""
    fleet = read_fleet(control_of(place.url))
    known = any(each.name == place.book for each in fleet.books)
    wanted = files.asked is not Asked.ANY
    if not wanted and not (known and files.has_rules):
        answer(PrintedFleetAlone(fleet=fleet_json(fleet)), lambda: show_fleet(fleet))
        return
    book = files.book
    with files.open() as opened:
        state = overview(opened, book, files.now)
        pictures = pictures_state(opened, book, place)
    found = PrintedBookStatus.of(state, book=place.book, pictures=pictures, fleet=fleet_json(fleet))

    def shown() -> None:
        show_fleet(fleet)
        console().say(f"\nBook {place.book}:\n")
        show(state, book.zone)
        console().say(pictures_line(pictures))

    answer(found, shown)

"""Books and daemons of a server in tables."""

from __future__ import annotations

from watcher.cli.output import Output, console
from watcher.cli.tables import Cell
from watcher.model import Instant
from watcher.store.control import DaemonState
from watcher.units import count_of, format_since
from watcher.web.fleet import BookState, Fleet


def show_fleet(fleet: Fleet) -> None:
    """Print the books with their leases, then the daemons."""
    out = console()
    if fleet.readonly:
        out.say("This server is a replica: what it says may be a moment old.\n", "yellow")
    _show_books(out, fleet)
    if not fleet.daemons:
        out.say("\nNo daemon is at work: nothing is scanned and nothing is sent.", "red")
        return
    columns = ("Daemon", "Host", "Process", "Version", "Books", "May hold", "Started", "Heard of")
    rows = [_daemon(each, fleet) for each in fleet.daemons]
    out.table(columns, rows, apart=True, texts=("Books", "May hold"))


def _show_books(out: Output, fleet: Fleet) -> None:
    if not fleet.books:
        out.say("There are no books yet; `watcher books add NAME` makes one.")
        return
    columns = ("Book", "State", "Held by", "Since", "Lease", "Version", "Rules")
    out.table(columns, [_book(each, fleet.now) for each in fleet.books], texts=("Rules",))


def _book(book: BookState, now: Instant) -> tuple[Cell, ...]:
    rules = "none pushed"
    if book.rules is not None:
        pushed = format_since(book.rules.pushed, now)
        rules = f"revision {book.rules.number}, pushed {pushed} by {book.rules.by}"
    lease, holder = book.lease, book.holder
    if not lease.held:
        return (book.name, "held by nobody", "", "", "", "", rules)
    who = holder.host if holder is not None else lease.holder
    version = holder.version if holder is not None else ""
    since, left = format_since(lease.since, now), f"{lease.left:.0f} s left"
    return (book.name, book.trouble or "ok", who, since, left, version, rules)


def _daemon(daemon: DaemonState, fleet: Fleet) -> tuple[Cell, ...]:
    may = "every book" if daemon.wanted is None else ", ".join(daemon.wanted) or "none"
    holds = ", ".join(fleet.books_of(daemon)) or "none"
    started = format_since(daemon.started, fleet.now)
    heard = count_of(round(daemon.seen), "second") + " ago"
    return (
        daemon.id, daemon.host, str(daemon.pid), daemon.version, holds, may, started, heard
    )  # fmt: skip

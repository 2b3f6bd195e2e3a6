"""``watcher books``: the books on a server."""

from __future__ import annotations

import secrets
import sys

import click

from watcher.cli.completion import book_names
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.cli.server_options import opened, server
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.people import digest_of
from watcher.store.control import Control, LeaseState, NoBooks, Revision
from watcher.store.places import shown
from watcher.units import format_since

_TOKEN_BYTES = 32
_NONE = (
    "No books yet; `watcher rules push FOLDER --book NAME` or `watcher books add NAME` makes one."
)


class PrintedRules(Printed, frozen=True, kw_only=True):
    """The newest rules of a book."""

    number: int
    digest: str
    pushed: Instant
    by: str
    comment: str


class PrintedBook(Printed, frozen=True, kw_only=True):
    """A book, and the daemon that holds it: ``where`` is its host and process."""

    book: str
    held: bool
    fence: int
    ill: str | None
    holder: str | None
    where: str | None
    rules: PrintedRules | None


@click.group()
def command() -> None:
    """List the books on a server, add one, or drop one with all its history."""


@command.command("list")
@server
@as_json
@prints(list[PrintedBook])
def list_(url: str) -> None:
    """List the books, with their rules and the daemon that holds each."""
    try:
        control = opened(url, readonly=True)
    except NoBooks:
        answer([], lambda: _show([]))
        return
    with control:
        leases = control.leases.all()
        revisions = {each.book: control.books.current(each.book) for each in leases}
        hosts = _hosts(control)
        now = int(control.now())
    found = [_json(each, revisions[each.book], hosts) for each in leases]
    rows = [_row(each, revisions[each.book], hosts, now) for each in leases]
    answer(found, lambda: _show(rows))


def _hosts(control: Control) -> dict[str, str]:
    """Host and process of each daemon, by its id."""
    return {each.id: f"{each.host}/{each.pid}" for each in control.daemons.all()}


def _json(lease: LeaseState, revision: Revision | None, hosts: dict[str, str]) -> PrintedBook:
    holder = lease.holder if lease.held else None
    rules = PrintedRules.of(revision) if revision else None
    return PrintedBook.of(lease, holder=holder, where=hosts.get(holder or ""), rules=rules)


def _row(
    lease: LeaseState, revision: Revision | None, hosts: dict[str, str], now: Instant
) -> tuple[str, ...]:
    rules = ("none", "", "")
    if revision is not None:
        rules = (str(revision.number), format_since(revision.pushed, now), revision.by)
    holder = "nobody"
    if lease.held and lease.holder:
        holder = hosts.get(lease.holder, lease.holder)
    return (lease.book, *rules, holder, lease.ill or "")


def _show(rows: list[tuple[str, ...]]) -> None:
    if not rows:
        console().say(_NONE)
        return
    columns = ("Book", "Rules", "Pushed", "By", "Held by", "Trouble")
    console().table(columns, rows, numbers=("Rules",), names=("By",), texts=("Trouble",))


@command.command("add")
@server
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def add(url: str, names: tuple[str, ...]) -> None:
    """Make books, each with tables and rights of its own. Of one that is there its rights are
    mended, which no dump of a database holds: so do for each book after a restore."""
    with opened(url) as control:
        there = {*control.books.names()}
        for name in names:
            control.books.create(name)
            if name in there:
                console().say(f"The book {name} is there; its rights are in order.")
            else:
                console().say(
                    f"The book {name} is made; `watcher rules push FOLDER --book {name}` gives it "
                    "rules."
                )


@command.command("token")
@server
@click.argument("name", shell_complete=book_names)
@click.option("--remove", is_flag=True, help="Ask for none of its own any more.")
def token(url: str, name: str, *, remove: bool) -> None:
    """Make a token that opens the page of the book NAME and nothing else, and print it; an older
    one of this book opens nothing any more.

    Whoever has the page's own token (--web-token-file) sees all books. Without any token a book
    that has one of its own is seen by nobody, from this machine neither."""
    made = secrets.token_urlsafe(_TOKEN_BYTES)
    with opened(url) as control:
        control.books.set_token(name, None if remove else digest_of(made))
    if remove:
        console(stderr=True).say(f"The book {name} has no token of its own any more.")
    else:
        click.echo(made)
        console(stderr=True).say(
            f"This opens the page of the book {name}: as the password, or as Authorization: "
            "Bearer TOKEN. It is kept nowhere: put it where it belongs now."
        )


@command.command("drop")
@server
@click.argument("name", shell_complete=book_names)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Drop it though a daemon works on it, which ends that.")
def drop(url: str, name: str, *, yes: bool, force: bool) -> None:
    """Drop the book NAME with its rules, alerts and all its history, for good. Without --force no
    daemon may hold it."""
    with opened(url) as control:
        revision = control.books.current(name)  # says it where there is none
        if not yes:
            _confirm(name, url, revision)
        control.books.drop(name, held=force)
    console().say(f"The book {name} is dropped.")


def _confirm(name: str, url: str, revision: Revision | None) -> None:
    """Ask for the name; whoever can't be asked must have said ``--yes``."""
    if not sys.stdin.isatty():
        raise WatcherError(f"this drops the book {name} with all its history; say --yes to do it")
    rules = f"{revision.number} revisions of rules" if revision else "no rules"
    console().say(
        f"This drops the book {name} ({rules}) with all its history from {shown(url)}, for good."
    )
    if click.prompt("Type its name to go on", default="", show_default=False) != name:
        raise click.Abort

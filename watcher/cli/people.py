"""``watcher people``: who may open the page, and what each may do there."""

from __future__ import annotations

from collections.abc import Sequence

import click

from watcher.cli import options
from watcher.cli.completion import people_names
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.cli.writing import audited
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.people import ROLES, Role, digest_of, name_of, new_token
from watcher.store.places import Server
from watcher.store.ports import Store
from watcher.store.sql.people import Person
from watcher.text.sanitize import plain
from watcher.units import format_since

_LOOPBACK = "http://127.0.0.1:8787"


class PrintedPerson(Printed, frozen=True, kw_only=True):
    """Somebody with a token, which is kept nowhere."""

    id: int
    name: str
    role: str
    made: Instant
    revoked: Instant | None


@click.group()
def command() -> None:
    """Say who may open the page, and what each may do there."""


@command.command("add")
@options.files
@click.argument("name")
@click.option(
    "--role", type=click.Choice(ROLES), required=True,
    help="feed reads feeds of alerts only; read looks; act silences and follows, too; edit writes "
    "the page's rules and lets people in.",
)  # fmt: skip
def add(files: options.Files, name: str, role: str) -> None:
    """Let NAME in: make a token, and print it once; only a digest of it is kept.

    As soon as there is somebody who may open the page it asks everybody for a token, on this
    machine, too.

    \b
      watcher people add ann --role act
      watcher people add newsreader --role feed
    """
    wanted, token = Role.of(role), new_token()
    try:
        known = name_of(name)
        with options.open_to_write(files.database) as opened:
            was_open = not any(each.role > Role.FEED for each in opened.people.list())
            made = audited(opened, files.now).add_person(known, wanted, digest_of(token))
    except ValueError as error:
        raise WatcherError(plain(str(error))) from None
    click.echo(token)
    out = console(stderr=True)
    out.say(f"This is the token of {made.name}. It is kept nowhere: put it where it belongs now.")
    if wanted is Role.FEED:
        out.say(
            f"It opens {_page(files)}/feed/TOKEN/alerts.atom, with ?rule=NAME or ?channel=NAME for "
            "a part of the alerts, and nothing else."
        )
        return
    out.say("It opens the page: as the password, or as Authorization: Bearer TOKEN.")
    if was_open:
        out.say(
            "From now on the page asks everybody for a token, on this machine, too; so do /healthz "
            "and /metrics."
        )


def _page(files: options.Files) -> str:
    """The address of the page, as far as the rules know it."""
    book = files.book_if_any
    pages = [] if book is None else [each.page for each in book.channels.values() if each.page]
    place = files.database
    own = f"/books/{place.book}" if isinstance(place, Server) else ""
    return f"{(pages or [_LOOPBACK])[0].rstrip('/')}{own}"


@command.command("list")
@options.files
@as_json
@prints(list[PrintedPerson])
def list_(files: options.Files) -> None:
    """List the people, the newest first, with those whose token was revoked."""
    now = files.now
    with files.open() as opened:
        people = opened.people.list()
    answer(
        [PrintedPerson.of(each, role=each.role.word) for each in people],
        lambda: _show(people, now),
    )


def _show(people: Sequence[Person], now: Instant) -> None:
    if not people:
        console().say("There is nobody; `watcher people add NAME --role read` lets somebody in.")
        return
    rows = [_row(each, now) for each in people]
    console().table(("Name", "Role", "Since", "Revoked"), rows, names=("Name",))


def _row(person: Person, now: Instant) -> tuple[str, ...]:
    revoked = "" if person.revoked is None else format_since(person.revoked, now)
    return (person.name, person.role.word, format_since(person.made, now), revoked)


@command.command("revoke")
@options.files
@click.argument("name", shell_complete=people_names)
def revoke(files: options.Files, name: str) -> None:
    """Have the token of NAME open nothing any more, from the next request on.

    The page goes on to ask for a token, also where NAME was the last one.
    """
    with options.open_to_write(files.database) as opened:
        person = _found(opened, name)
        if not audited(opened, files.now).revoke_person(person):
            since = format_since(person.revoked or 0, files.now)
            raise WatcherError(f"the token of {person.name} was revoked already, {since}")
    console().say(f"The token of {person.name} opens nothing any more.")


@command.command("forget")
@options.files
@click.argument("name", shell_complete=people_names)
def forget(files: options.Files, name: str) -> None:
    """Forget NAME, whose token was revoked; what they wrote is still known.

    Where nobody is left who may open the page, or might once, it asks for no token on this machine
    any more.
    """
    with options.open_to_write(files.database) as opened:
        person = _found(opened, name)
        if person.is_known:
            raise WatcherError(
                f"the token of {person.name} holds; `watcher people revoke` comes before"
            )
        audited(opened, files.now).forget_person(person.name)
        is_open = not any(each.role > Role.FEED for each in opened.people.list())
    console().say(f"{person.name} is forgotten.")
    if is_open and person.role > Role.FEED:
        console().say("Nobody is left: on this machine the page asks for no token any more, unless "
                      "it has one of its own (--web-token-file).")  # fmt: skip


def _found(database: Store, name: str) -> Person:
    person = database.people.find(" ".join(name.split()))
    if person is None:
        raise WatcherError(f'there is nobody called "{plain(name)}"; `watcher people list` shows '
                           "who there is")  # fmt: skip
    return person

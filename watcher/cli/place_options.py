"""``--db`` and ``--book``: which store a command is about. A password in a URL is kept out of what
is printed, logged, and seen in a list of processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from watcher.cli.url_secrets import filled_in
from watcher.errors import WatcherError
from watcher.redaction import log_redaction
from watcher.store.places import MAIN, Place, Server, parse_place, secrets_of

F = TypeVar("F", bound=Callable[..., Any])


class PlaceType(click.ParamType[Place]):
    """A file's path or a server's URL; the book is that of ``--book``, or else ``main``."""

    name = "place"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Place:
        if isinstance(value, Path | Server):
            return value
        try:
            text = filled_in(str(value))
            keep_secret(text)
            return parse_place(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _BookType(click.ParamType[str]):
    name = "book"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        from watcher.store.control import refuse_name  # noqa: PLC0415 - not without a server

        try:
            refuse_name(str(value))
        except WatcherError as error:
            self.fail(str(error), param, ctx)
        return str(value)


PLACE = PlaceType()
BOOK = _BookType()


def keep_secret(url: str) -> None:
    """Hide the passwords that belong to a server's URL, from now on."""
    secrets = secrets_of(url)
    log_redaction.learn_passwords({*secrets, os.environ.get("PGPASSWORD", "")})
    if secrets:
        from watcher.cli.process_title import hide_arguments  # noqa: PLC0415 - for these only

        hide_arguments(secrets)


def book_completions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """The names of the books on the server that ``--db`` names."""
    from watcher.cli.completion import book_names  # noqa: PLC0415 - only for who asks for it

    return book_names(ctx, param, incomplete)


place = click.option(
    "--db",
    "database",
    type=PLACE,
    default="watcher.db",
    metavar="FILE|URL",
    envvar="WATCHER_DB",
    show_envvar=True,
    help="The database: a file, or postgresql://USER@HOST/NAME.",
)
_book = click.option(
    "--book",
    type=BOOK,
    metavar="NAME",
    envvar="WATCHER_BOOK",
    show_envvar=True,
    shell_complete=book_completions,
    help="A book on a server; main where none is named.",
)


all_books = click.option("--all-books", is_flag=True, help="Every book that is on the server.")


def database(command: F) -> Callable[..., Any]:
    """``--db`` and ``--book``: the command takes the place that they name as ``database``."""

    @wraps(command)
    def with_place(*args: object, database: Place, book: str | None, **more: object) -> Any:
        return command(*args, database=with_book(database, book), **more)

    return place(_book(with_place))


def of_book(named: Place, book: str) -> Place:
    """The place with that book, where it has books at all."""
    return Server(named.url, book) if isinstance(named, Server) else named


def with_book(named: Place, book: str | None) -> Place:
    """The place with that book; one that was named for a file is an error. A ``WATCHER_BOOK`` is
    of no account where ``--db`` names a file."""
    if isinstance(named, Server):
        return Server(named.url, book or MAIN)
    if book is None or (not _said("book") and _said("database")):
        return named
    variable = "" if _said("book") else " (WATCHER_BOOK)"
    raise click.UsageError(
        f"--book {book}{variable}: {named} is a file, which has no books; name a server by "
        "--db postgresql://USER@HOST/NAME (or WATCHER_DB)"
    )


def book_named() -> bool:
    """Whether the command that runs was told which book."""
    return bool(click.get_current_context().params.get("book"))


def _said(parameter: str) -> bool:
    """Whether the parameter stands on the command line."""
    source = click.get_current_context().get_parameter_source(parameter)
    return source is ParameterSource.COMMANDLINE

"""Options of commands that are about a server and its books, and never about a database file."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from watcher.cli.place_options import database as with_book
from watcher.cli.place_options import place as place_option
from watcher.store.control import Control
from watcher.store.places import Place, Server

F = TypeVar("F", bound=Callable[..., Any])


def server(command: F) -> Callable[..., Any]:
    """``--db``: the command takes the URL of the server that it names as ``url``."""

    @wraps(command)
    def with_url(*args: object, database: Place, **more: object) -> Any:
        return command(*args, url=_server(database).url, **more)

    return place_option(with_url)


def book_of_server(command: F) -> Callable[..., Any]:
    """``--db`` and ``--book``: the command takes them together, as ``place``."""

    @wraps(command)
    def with_server(*args: object, database: Place, **more: object) -> Any:
        return command(*args, place=_server(database), **more)

    return with_book(with_server)


def _server(place: Place) -> Server:
    if isinstance(place, Server):
        return place
    raise click.UsageError(
        f"{place} is a file, and books are on a server; name one by "
        "--db postgresql://USER@HOST/NAME (or WATCHER_DB)"
    )


def opened(url: str, *, readonly: bool = False) -> Control:
    """The control plane of the server; raises ``StoreError``."""
    from watcher.store.engine import open_control  # noqa: PLC0415 - not for each --help

    return open_control(url, readonly=readonly)


def pusher() -> str:
    """The name of who pushes, where nobody says it: ``ann@laptop``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        user = "somebody"
    return f"{user}@{socket.gethostname()}"

"""Options that several commands share, and what they name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from watcher.daemon.clock import clock_of
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.redaction import log_redaction
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook
from watcher.units import parse_duration, parse_moment

if TYPE_CHECKING:
    from watcher.store.ports import Store

F = TypeVar("F", bound=Callable[..., Any])


class _Duration(click.ParamType[int]):
    """A duration as in the rule file; seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Moment(click.ParamType[str]):
    """A time ago, as ``30d``, or a day or time: a text for ``parse_moment``, which needs to know
    the time and the zone."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        try:
            parse_moment(str(value), int(time.time()))
        except (ValueError, OverflowError) as error:
            self.fail(str(error), param, ctx)
        return str(value)


DURATION = _Duration()
MOMENT = _Moment()

rules = click.option(
    "--rules",
    type=click.Path(path_type=Path),
    envvar="WATCHER_RULES",
    default=Path("rules.yaml"),
    show_envvar=True,
    help="The rule file, or a folder of *.yaml files.",
)
database = click.option(
    "--db",
    "database",
    type=click.Path(path_type=Path),
    envvar="WATCHER_DB",
    default=Path("watcher.db"),
    show_envvar=True,
    help="The database file.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
limit = click.option("--limit", type=click.IntRange(1), default=100, help="At most so many.")
quiet = click.option(
    "--quiet", "-q", is_flag=True, help="Say nothing unless something is wrong: for cron."
)


def days(default: int, help: str) -> Callable[[F], F]:  # noqa: A002 - as click calls it
    """``--days``: how far back a command begins."""
    return click.option("--days", type=click.IntRange(1, 3_650), default=default, help=help)


def logging(command: F) -> F:
    """``--log-format`` and ``--log-level``."""
    level = click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        help="The least that is logged.",
    )
    style = click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="Lines for people, or JSON for machines.",
    )
    return style(level(command))


def load_rules(path: Path) -> Rulebook:
    """The rules at ``path``, with the environment; raises ``RulesError``."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    book = load([path], os.environ, Path(credentials) if credentials else None)
    learn_secrets(book)
    return book


def learn_secrets(book: Rulebook) -> None:
    """Keep the key and the URLs of ``book`` out of logs and errors, from now on."""
    urls = [url for channel in book.channels.values() for url in channel.urls]
    if book.heartbeat is not None:
        urls.append(book.heartbeat)
    key = book.api.key.reveal() if book.api.key is not None else ""
    log_redaction.learn_rules(key, (url.reveal() for url in urls))


def rules_if_any(path: Path) -> Rulebook | None:
    """The rules at ``path`` for what only tells more by them; None where they can't be read."""
    try:
        return load_rules(path)
    except WatcherError:
        return None


def shown_zone(path: Path) -> tzinfo:
    """The time zone of the rules at ``path``, for a command that does without them; UTC where
    there are none, or none that can be read."""
    return zone_of(rules_if_any(path))


def zone_of(book: Rulebook | None) -> tzinfo:
    """The time zone of rules that may be missing; UTC then."""
    return book.zone if book is not None else UTC


def now_of(database: Path) -> Instant:
    """The time that the database's daemon lives in: a market's, where that is simulated."""
    return clock_of(database).now()


def open_to_read(path: Path) -> Store:
    """The database, for reading beside a running daemon; raises ``StoreError``."""
    from watcher.store.engine import Engine  # noqa: PLC0415 - not for who reads rules only

    return Engine.open(path, readonly=True)

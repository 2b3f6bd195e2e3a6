"""Options that several commands share, and what they name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from enum import Enum, auto
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from watcher.cli.category_lookup import lookup_in
from watcher.cli.page_rules import page_in
from watcher.cli.place_options import PLACE, book_named, database, place
from watcher.cli.rule_loading import keeping_loader, learn_secrets, load_rules
from watcher.cli.servers import NoRules, PushedRules, control_of, pushed_rules
from watcher.daemon.clock import Clock, book_clock, file_clock
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.places import Place, Server
from watcher.units import parse_duration, parse_moment

if TYPE_CHECKING:
    from watcher.store.ports import Store

F = TypeVar("F", bound=Callable[..., Any])


class _Parsed(click.ParamType[Any]):
    """A text read by a function that says in a ``ValueError`` what is wrong with it."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        try:
            return self._parse(str(value))
        except (ValueError, OverflowError) as error:
            self.fail(str(error), param, ctx)


def _moment(text: str) -> str:
    """A text that ``Files.moment`` can read, which knows the time and the zone."""
    parse_moment(text, int(time.time()))
    return text


decimal = click.option(
    "--decimal",
    type=click.Choice(("point", "comma")),
    default="point",
    help="comma: CSV for spreadsheets that write 1,5, parted by semicolons.",
)


def variable(flag: str, *names: str, **how: Any) -> Callable[[F], F]:
    """An option that an environment variable gives, too: ``WATCHER_WEB_TOKEN_FILE``."""
    name = flag.strip("-").replace("-", "_").upper()
    return click.option(flag, *names, envvar=f"WATCHER_{name}", show_envvar=True, **how)


__all__ = ["PLACE", "database", "place"]

PATH = click.Path(path_type=Path)
DURATION = _Parsed("duration", parse_duration)
MOMENT = _Parsed("time", _moment)

rules = variable(
    "--rules", type=PATH, default="rules.yaml", help="The rule file, or a folder of *.yaml files."
)
web_token_file = variable(
    "--web-token-file", type=PATH, help="A file with the page's token; none is needed on loopback."
)
listen = variable("--listen", default="127.0.0.1:8787", help="Address of the web page, or off.")
page_url = variable(
    "--page-url", metavar="URL", help="Where visitors find the page, if a proxy stands before it."
)
log_format = click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="Texts, or JSON."
)
log_level = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    help="The least logged.",
)
limit = click.option("--limit", type=click.IntRange(1), default=100, help="At most so many.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Say only what is wrong: for cron.")


def several(
    flag: str, name: str, complete: Callable[..., Any], about: str, metavar: str | None = None
) -> Callable[[F], F]:
    """An option that may be given again and again; the shell completes it."""
    return click.option(
        flag, name, multiple=True, metavar=metavar, shell_complete=complete, help=about
    )


def days(default: int, help: str) -> Callable[[F], F]:  # noqa: A002 - as click calls it
    """``--days``: how far back a command begins."""
    return click.option("--days", type=click.IntRange(1, 3_650), default=default, help=help)


def files(command: F) -> Callable[..., Any]:
    """``--rules``, ``--db`` and ``--book``: the command takes them together, as ``files``."""

    @wraps(command)
    def with_files(*args: object, rules: Path, database: Place, **more: object) -> Any:
        return command(*args, files=Files(rules, database, _asked_for()), **more)

    return rules(database(with_files))


class Asked(Enum):
    """The rules that a command was asked to read."""

    FILES = auto()  # by --rules
    BOOK = auto()  # by --book
    ANY = auto()


def _asked_for() -> Asked:
    source = click.get_current_context().get_parameter_source("rules")
    if source is ParameterSource.COMMANDLINE:
        return Asked.FILES
    return Asked.BOOK if book_named() else Asked.ANY


@dataclass(frozen=True)
class Files:
    """The rules and the database that a command is about. The rules of a book on a server are
    those that were pushed to it, unless ``--rules`` names others; who names no book at all has
    the files' where there are any, as ``watcher run`` has."""

    rules: Path
    database: Place
    asked: Asked = Asked.FILES
    lenient: bool = False  # whether names of categories need not be known: for who asks for them

    @property
    def without_names(self) -> Files:
        """These options, for who asks the source for names of categories."""
        return replace(self, lenient=True)

    @cached_property
    def _pushed(self) -> PushedRules | None:
        """The rules that were pushed to the book, where the command is to read those."""
        place = self.database
        if not isinstance(place, Server) or self.asked is Asked.FILES:
            return None
        if self.asked is Asked.ANY and self.rules.exists():
            return None
        pushed = pushed_rules(place)
        if pushed is None and not self.rules.exists():
            raise NoRules(place, self.rules)
        return pushed

    @property
    def named(self) -> str:
        """The rules' name for people: a path, or ``book shops``."""
        pushed = self._pushed
        return str(self.rules) if pushed is None else pushed.name

    @property
    def has_rules(self) -> bool:
        """Whether there are any rules to read."""
        try:
            return self._pushed is not None or self.rules.exists()
        except WatcherError:
            return False

    @cached_property
    def book(self) -> Rulebook:
        """The rules; raises ``RulesError``."""
        return self._read(whole=False)

    @cached_property
    def whole_book(self) -> Rulebook:
        """The rules for who sends or asks by them: with all secrets; raises ``RulesError``."""
        return self._read(whole=True)

    def fresh_book(self, *, page_needed: bool) -> Rulebook:
        """The whole rules as their files are now, those beside them, too; raises ``RulesError``, or
        ``StoreError`` where those of the page are needed and can't be told."""
        if self._pushed is not None:
            return self._read(whole=True, page_needed=page_needed)
        names, page = lookup_in(self.database), page_in(self.database, needed=page_needed)
        return load_rules(self.rules, categories=names, page=page)

    @cached_property
    def running_book(self) -> Rulebook:
        """The whole rules for who tells by them: also those of the page, or ``StoreError``."""
        return self._read(whole=True, page_needed=True)

    def _read(self, *, whole: bool, page_needed: bool = False) -> Rulebook:
        if self._pushed is None:
            return keeping_loader(
                self.rules, self.database, lenient=self.lenient, page_needed=page_needed
            )()
        page = page_in(self.database, needed=page_needed)
        book = self._pushed.load(page, whole=whole, lenient=self.lenient)
        learn_secrets(book)
        return book

    @property
    def book_if_any(self) -> Rulebook | None:
        """The rules for what only tells more by them; None where they can't be read."""
        try:
            return self.book
        except WatcherError:
            return None

    def book_where(self, *, needed: bool) -> Rulebook | None:
        """The rules, where there are any; broken ones matter only if something of them is needed,
        to say what is wrong with it."""
        book = self.book_if_any
        return self.book if book is None and needed and self.has_rules else book

    @property
    def zone(self) -> tzinfo:
        """The time zone of the rules; UTC where there are none that can be read."""
        return UTC if (book := self.book_if_any) is None else book.zone

    @property
    def now(self) -> Instant:
        """The time that the database's daemon lives in."""
        return now_of(self.database)

    def moment(self, text: str | None) -> Instant | None:
        """The instant that a ``MOMENT`` means."""
        return None if text is None else parse_moment(text, self.now, self.zone)

    def open(self) -> Store:
        """The database, for reading beside a running daemon; raises ``StoreError``."""
        return open_to_read(self.database)


def clock_of(database: Place) -> Clock:
    """The clock that the database's daemon lives by: a market's, where that is simulated."""
    if isinstance(database, Server):
        return book_clock(control_of(database.url), database.book)
    return file_clock(database)


def now_of(database: Place) -> Instant:
    """The time that the database's daemon lives in."""
    return clock_of(database).now()


def open_to_read(place: Place) -> Store:
    """The database, for reading beside a running daemon; raises ``StoreError``."""
    from watcher.store.engine import open_store  # noqa: PLC0415 - not for who reads rules only

    return open_store(place, readonly=True)


def open_to_write(place: Place) -> Store:
    """The database, for changing something beside a running daemon; raises ``StoreError``."""
    from watcher.store.engine import open_store  # noqa: PLC0415 - not for who reads rules only

    return open_store(place, create=False)

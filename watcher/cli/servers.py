"""A command's questions to a server beside the store of a book: its control plane, and the rules
that were pushed to the book. One connection a command, closed with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from watcher.cli.category_lookup import lookup_for
from watcher.errors import WatcherError
from watcher.store.places import MAIN, Server

if TYPE_CHECKING:
    from watcher.page_text import PageText
    from watcher.rules.rulebook import Rulebook
    from watcher.store.control import Control


class NoRules(WatcherError):
    """A book to which nobody has pushed rules, and no rule file here either."""

    def __init__(self, place: Server, where: object) -> None:
        super().__init__(
            f"{place}: no rules were pushed to this book, and there is no {where} here; push some "
            f"by `watcher rules push FOLDER --book {place.book}`, or name a rule file by --rules"
        )


def control_of(url: str) -> Control:
    """The control plane of the server with this URL, open until the command ends."""
    context = click.get_current_context(silent=True)
    kept = {} if context is None else context.find_root().meta.setdefault(__name__, {})
    if url not in kept:
        from watcher.store.engine import open_control  # noqa: PLC0415 - not without a server

        kept[url] = open_control(url, readonly=True)
        if context is not None:
            context.find_root().call_on_close(kept[url].close)
    control: Control = kept[url]
    return control


class PushedRules:
    """Rule files that were pushed to a book. Without them ``load`` never fails for want of a secret
    that only who sends or asks needs, unless it is to be ``whole``."""

    def __init__(self, place: Server, files: Mapping[str, bytes]) -> None:
        self.place = place
        self.files = files

    @property
    def name(self) -> str:
        """The name that people read."""
        return f"book {self.place.book}"

    def load(self, page: PageText, *, whole: bool, lenient: bool = False) -> Rulebook:
        """The rules with those of the page. Raises ``RulesError``. ``lenient``: names of categories
        need not be known."""
        from watcher.rules.files import pushed  # noqa: PLC0415 - not without a server

        read = pushed.load_pushed if whole else pushed.load_to_read
        return read(
            self.place.book, self.files, os.environ,
            lambda: lookup_for(self.place, asking=lenient), page,
        )  # fmt: skip


def pushed_rules(place: Server) -> PushedRules | None:
    """The rules that the book has; None where none were pushed. Raises ``StoreError`` where there
    is no such book."""
    books = control_of(place.url).books
    if place.book == MAIN and MAIN not in books.names():  # it is made at need
        return None
    current = books.current(place.book)
    if current is None:
        return None
    return PushedRules(place, books.files(place.book, current.number))

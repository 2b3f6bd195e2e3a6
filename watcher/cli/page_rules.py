"""The rules of the page, for a command that loads the rule files."""

from __future__ import annotations

from pathlib import Path

from watcher.errors import NoSuchBook, NotReady, StoreError
from watcher.page_text import PageText
from watcher.store.places import Place


def page_in(place: Place, *, needed: bool = False) -> PageText:
    """The rules of the page in the database at ``place``; none where it is not there yet, or was
    not made for them: nobody can have written any. One that can't tell is a ``StoreError`` where
    they are ``needed``, by who would else end their alerts; other commands do without, and say for
    themselves what is wrong with it."""
    if isinstance(place, Path) and not place.exists():
        return PageText()
    from watcher.store.stored_page import stored_page  # noqa: PLC0415 - not without a database

    try:
        return stored_page(place)
    except (NoSuchBook, NotReady):
        return PageText()
    except StoreError:
        if needed:
            raise
        return PageText()

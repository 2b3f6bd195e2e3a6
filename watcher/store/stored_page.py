"""The rules of the page, read from a store for a moment: who loads rule files reads them, too."""

from __future__ import annotations

from pathlib import Path

from watcher.page_text import PageText
from watcher.store.opening import open_store
from watcher.store.places import Place


def stored_page(place: Place) -> PageText:
    """The text in force in the store at a place; an empty one where there is no store yet, or one
    of an older version, which knew none. Raises ``StoreError`` where it can't tell."""
    if isinstance(place, Path) and not place.exists():
        return PageText()
    with open_store(place, readonly=True, older=True) as database, database.explained():
        rules = database.page_rules
        return rules.current() if rules.is_there() else PageText()

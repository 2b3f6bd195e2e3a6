"""The names of categories that a command's store knows, read once a rule file has one."""

from __future__ import annotations

from pathlib import Path

from watcher.categories import CategoryLookup, KnownCategories
from watcher.errors import WatcherError
from watcher.store.places import Place


def lookup_in(place: Place, *, lenient: bool = False) -> CategoryLookup:
    """Look names up in the database at ``place``; one that can't tell refuses a name, but not where
    the reading is ``lenient``."""
    return CategoryLookup(lambda: known_in(place, lenient=lenient), lenient)


def lookup_for(place: Place, *, asking: bool) -> CategoryLookup:
    """A lookup of names there; for who is ``asking`` the source for names each stands for itself,
    for the one that is missing may be what it asks for."""
    return CategoryLookup(lenient=True) if asking else lookup_in(place)


def known_in(place: Place, *, lenient: bool = False) -> KnownCategories:
    """All names that are kept there. Raises ``StoreError`` where it can't tell."""
    if isinstance(place, Path) and not place.exists():
        return KnownCategories()
    from watcher.store.engine import open_store  # noqa: PLC0415 - not for who reads rules only

    try:
        # A daemon of a new version reads its rules before it prepares the database: the names of an
        # older one are good enough to start by.
        with open_store(place, readonly=True, older=True) as database:
            try:
                return database.categories.known()
            except WatcherError:
                return database.categories.known_of_old()
    except WatcherError:
        if lenient:
            return KnownCategories()
        raise
